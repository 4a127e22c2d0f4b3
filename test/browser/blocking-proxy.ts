import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy like those that let some requests pass and not others: connections that ask for a blocked path are cut, those from before too. */

const ASKS = /^(?:GET|POST) (\/\S*) HTTP/;

export async function startBlockingProxy(targetPort: number): Promise<BlockingProxy> {
  const server = createServer({ noDelay: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return new BlockingProxy(server, targetPort);
}

export class BlockingProxy {
  readonly url: string;
  readonly #server: Server;
  /** Each connection, and what it asked for last. */
  readonly #asked = new Map<Socket, string>();
  #blocked: readonly string[] = [];

  constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => this.#join(client, connect({ port: targetPort, host: '127.0.0.1', noDelay: true })));
  }

  block(...paths: string[]): void {
    this.#blocked = paths;
    for (const [client, asked] of this.#asked) if (this.#isBlocked(asked)) client.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const client of this.#asked.keys()) client.destroy();
    await closed;
  }

  #isBlocked(asked: string): boolean {
    return this.#blocked.some((path) => asked.startsWith(path));
  }

  #join(client: Socket, target: Socket): void {
    this.#asked.set(client, '');
    client.on('data', (chunk) => {
      const asked = ASKS.exec(chunk.toString('latin1'))?.[1];
      if (asked !== undefined) this.#asked.set(client, asked);
      if (this.#isBlocked(this.#asked.get(client) ?? '')) client.destroy();
      else if (!target.write(chunk)) client.pause();
    });
    target.on('drain', () => client.resume());
    target.pipe(client);
    const part = (): void => {
      this.#asked.delete(client);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) socket.on('error', part).on('close', part);
  }
}
