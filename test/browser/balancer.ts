import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A load balancer without stickiness: every connection goes to the next server that takes it. */

export interface Balancer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const clients = new Set<Socket>();
  let next = 0;
  const join = (client: Socket, left: number): void => {
    next += 1;
    const target = connect({ port: ports[next % ports.length] ?? 0, host: '127.0.0.1', noDelay: true });
    const refused = (): void => {
      if (left > 1 && !client.destroyed) join(client, left - 1);
      else client.destroy();
    };
    target.once('error', refused);
    target.once('connect', () => {
      target.off('error', refused);
      client.pipe(target).pipe(client);
      const part = (): void => {
        clients.delete(client);
        client.destroy();
        target.destroy();
      };
      for (const socket of [client, target]) socket.on('error', part).on('close', part);
    });
  };
  const server = createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.on('error', () => client.destroy());
    join(client, ports.length);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}
