import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** What no real nats-server that is at hand does: a few lines of its plain text protocol. */

export interface LittleNats {
  readonly url: string;
  close(): Promise<void>;
}

/** Greets like a server of this version, answers pings, and knows no subject. */
export async function listenLikeNats(version: string): Promise<LittleNats> {
  const info = { server_id: 'X', server_name: 'little', version, proto: 1, headers: true, max_payload: 1_048_576, jetstream: true };
  const server = createServer((socket) => {
    socket.setEncoding('latin1').on('error', () => socket.destroy());
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (text: string) => {
      for (const _ of text.matchAll(/^PING\r$/gm)) socket.write('PONG\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}
