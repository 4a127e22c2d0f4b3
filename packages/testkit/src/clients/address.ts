/** Where a client connects: always there, or at each connection wherever it is told. */
export type Address = string | (() => string);

export function addressOf(address: Address): string {
  return typeof address === 'string' ? address : address();
}
