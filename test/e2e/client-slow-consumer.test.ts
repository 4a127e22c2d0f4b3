import { connect, type TransportName } from '@restante/client';
import { LIMITS } from '@restante/protocol';
import { eventually, openScene, type Scene } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { follow, judged } from './client-follower.js';

/** A loop that stops taking messages: little waits in the client, little in the server, and it misses nothing when it goes on (I7). */

const COUNT = 3_000;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

it('holds the server back, and gets everything in the end', async () => {
  const { server, recorder } = scene;
  const clients = (['websocket', 'sse', 'long-poll'] as const).map((transport: TransportName) =>
    connect(server.url, { webSocket: WebSocket, transports: [transport] }),
  );
  try {
    let goOn: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (goOn = resolve));
    const followers = clients.map((client, i) => follow(client, recorder, '/slow/*', `${i}`, () => stopped));
    await eventually('all are live', () => followers.every(({ isLive }) => isLive));
    const before = process.memoryUsage().heapUsed;
    const pad = 'x'.repeat(4_000);
    await scene.publisher().run({ count: COUNT, batch: 100, drop: (n) => ({ mailbox: `/slow/${n % 5}`, data: { n, pad } }) });
    for (const { seen } of followers) expect(seen.length).toBe(1);
    // Three times the buffer, and as much of what is under way; all of it would be 36 MB and more.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
    expect(await server.metric('restante_edge_socket_queued_bytes_max')).toBeLessThanOrEqual(
      LIMITS.socketHighWaterBytes + LIMITS.pushBytesMax,
    );
    goOn();
    await eventually('all have everything', () => followers.every(({ seen }) => seen.length >= COUNT), { timeoutMs: 20_000 });
    await expect(judged(server.url, recorder, followers)).resolves.toMatchObject({ ok: true, published: COUNT });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
});
