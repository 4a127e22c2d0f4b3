/** An address that listens on every interface, as it can be typed on this machine; any other as it is. */
export function reachable(address: string): string {
  return address.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]');
}
