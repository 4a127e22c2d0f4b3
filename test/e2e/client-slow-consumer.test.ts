import { connect, type TransportName } from '@restante/client';
import { LIMITS } from '@restante/protocol';
import { eventually, openScene, type Scene } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { follow, judged } from './client-follower.js';

/** A loop that stops taking messages: little waits in the client, little in the server, and it misses nothing when it goes on (I7). */

const COUNT = 3_000;
const PAD_BYTES = 4_000;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

/** What reached each client, however it came. */
class Counted {
  bytes = 0;

  readonly client;

  constructor(url: string, transport: TransportName) {
    const count = (bytes: number): void => void (this.bytes += bytes);
    class CountedSocket extends WebSocket {
      constructor(address: string, protocol: string) {
        super(address, protocol);
        this.on('message', (data: Buffer) => count(data.length));
      }
    }
    const countedFetch: typeof fetch = async (...asked) => {
      const { body, status, headers } = await fetch(...asked);
      const counting = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, passed) {
          count(chunk.length);
          passed.enqueue(chunk);
        },
      });
      return new Response(body?.pipeThrough(counting) ?? null, { status, headers });
    };
    this.client = connect(url, { transports: [transport], webSocket: CountedSocket, fetch: countedFetch });
  }
}

it('holds the server back, and gets everything in the end', async () => {
  const { server, recorder } = scene;
  const all = (['websocket', 'sse', 'long-poll'] as const).map((transport) => new Counted(server.url, transport));
  try {
    let goOn: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (goOn = resolve));
    const followers = all.map(({ client }, i) => follow(client, recorder, '/slow/*', `${i}`, () => stopped));
    await eventually('all are live', () => followers.every(({ isLive }) => isLive));
    const pad = 'x'.repeat(PAD_BYTES);
    await scene.publisher().run({ count: COUNT, batch: 100, drop: (n) => ({ mailbox: `/slow/${n % 5}`, data: { n, pad } }) });
    // The buffer, what was under way when it was full, and what the sockets hold.
    for (const { bytes } of all) expect(bytes).toBeLessThan((COUNT * PAD_BYTES) / 3);
    for (const { seen } of followers) expect(seen.length).toBe(1);
    expect(await server.metric('restante_edge_socket_queued_bytes_max')).toBeLessThanOrEqual(
      LIMITS.socketHighWaterBytes + LIMITS.pushBytesMax,
    );
    goOn();
    await eventually('all have everything', () => followers.every(({ seen }) => seen.length >= COUNT), { timeoutMs: 20_000 });
    await expect(judged(server.url, recorder, followers)).resolves.toMatchObject({ ok: true, published: COUNT });
  } finally {
    await Promise.all(all.map(({ client }) => client.close()));
  }
});
