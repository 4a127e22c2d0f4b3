import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Direction, type Faults } from './direction.js';

/**
 * A TCP proxy that makes networks bad: each direction can be slowed, throttled, stalled or swallowed while it runs, and all connections cut.
 * Knows nothing of what it carries.
 */

export interface FaultProxyOptions {
  readonly targetPort: number;
  readonly targetHost?: string;
}

export async function startFaultProxy({ targetPort, targetHost = '127.0.0.1' }: FaultProxyOptions): Promise<FaultProxy> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return new FaultProxy(server, targetPort, targetHost);
}

export class FaultProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** While true, whoever connects is cut at once. */
  refusing = false;
  readonly #up: Faults = { delayMs: 0, bytesPerSecond: 0, stalled: false, swallowing: false };
  readonly #down: Faults = { delayMs: 0, bytesPerSecond: 0, stalled: false, swallowing: false };

  constructor(server: Server, targetPort: number, targetHost: string) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => {
      if (this.refusing) client.resetAndDestroy();
      else this.#join(client, connect({ port: targetPort, host: targetHost, allowHalfOpen: true, noDelay: true }));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Of the connections that there are now. */
  get swallowedBytes(): number {
    let bytes = 0;
    for (const { up, down } of this.#pairs) bytes += up.swallowedBytes + down.swallowedBytes;
    return bytes;
  }

  /** What happens to bytes from the client to the server, from now on. */
  up(faults: Partial<Faults>): void {
    Object.assign(this.#up, faults);
    for (const { up } of this.#pairs) up.pump();
  }

  /** What happens to bytes from the server to the client, from now on. */
  down(faults: Partial<Faults>): void {
    Object.assign(this.#down, faults);
    for (const { down } of this.#pairs) down.pump();
  }

  /** Resets every connection. Bytes that were delayed are gone. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    const pair = { client, server, up: new Direction(client, server, this.#up), down: new Direction(server, client, this.#down) };
    this.#pairs.add(pair);
    const part = (): void => {
      this.#pairs.delete(pair);
      pair.up.stop();
      pair.down.stop();
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', part).on('close', part);
  }
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: Direction;
  readonly down: Direction;
}
