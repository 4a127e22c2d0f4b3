import type { AddressInfo, Server } from 'node:net';

/** What every contestant does once it listens: say where, first of all, and end when told to. */
export function announce(server: Server): void {
  const { port } = server.address() as AddressInfo;
  console.log(`http://127.0.0.1:${port}`);
  process.once('SIGTERM', () => process.exit(0));
}
