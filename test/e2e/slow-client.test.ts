import { eventually, openScene, type Scene, SocketClient, type SseClient } from '@restante/testkit';
import { LIMITS } from '@restante/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Clients that stop reading cost a cursor and a socket buffer, no queue, and miss nothing (I3, I7; R6 of the delivery rules). */

const STOPPED_MS = 10_000;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

it('that stop reading for ten seconds under load miss nothing, and little is queued for them', async () => {
  const publisher = scene.publisher();
  const slow = (['every', 'latest'] as const).flatMap((catchUp) =>
    (['socket', 'sse'] as const).map((transport) => scene.follow({ transport, pattern: '/load/*', catchUp }) as SocketClient | SseClient),
  );
  scene.follow({ transport: 'socket', pattern: '/load/*' });
  await eventually('all are live', () => slow.every(({ isLive }) => isLive));

  const over = new AbortController();
  const drop = (index: number) => ({ mailbox: `/load/${index % 20}`, data: { index, pad: 'x'.repeat(2_000) } });
  const publishing = publisher.run({ count: 1_000_000, drop, batch: 50, messagesPerSecond: 1_000, signal: over.signal });
  await eventually('a first hundred', () => publisher.acknowledged > 100);
  const stoppedAt = performance.now();
  for (const client of slow) client.pauseReading();
  await eventually('ten seconds of load', () => performance.now() - stoppedAt > STOPPED_MS, { timeoutMs: STOPPED_MS + 5_000 });
  const received = slow.map((client) => client.seqIn('_'));
  expect(Math.max(...received)).toBeLessThan(publisher.acknowledged / 2);

  for (const client of slow) client.resumeReading();
  over.abort();
  await publishing;
  await scene.finish();
  for (const client of slow) expect(client.connections).toBe(1);
  for (const client of slow) if (client instanceof SocketClient) expect(client.behinds).toBeGreaterThan(0);
  expect(await scene.server.metric('restante_edge_socket_queued_bytes_max')).toBeLessThanOrEqual(
    LIMITS.socketHighWaterBytes + LIMITS.pushBytesMax,
  );
});
