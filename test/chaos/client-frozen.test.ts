/**
 * Goal: clients that do not read, or hardly, cost a cursor each: they miss nothing, and nobody waits for them (I3, I7).
 * Method: readers of everything stop reading their sockets, and others read through a proxy that lets next to nothing through, while large messages
 * fill what lies between until the edges stop pushing to them; all the while the others go on. Then they read on.
 */
import { LIMITS } from '@restante/protocol';
import { eventually, type FaultProxy, type RestanteProcess, type SocketClient, type SseClient, startFaultProxy } from '@restante/testkit';
import { afterEach, expect, it } from 'vitest';
import { survive } from './survive.js';

const SLOW_BYTES_PER_SECOND = 8_000;
const LARGE = 'x'.repeat(60_000);
/** Nobody else follows it, but readers of everything. */
const MAILBOX = '/rest/large/a';

let proxy: FaultProxy | undefined;
afterEach(() => proxy?.close());

it('loses nothing to clients that are frozen or slow, and keeps nobody waiting for them', async () => {
  const verdict = await survive('client-frozen', async ({ cluster: { edges, scene }, crowd }) => {
    const [one, two, three] = edges;
    if (one === undefined || two === undefined || three === undefined) throw new Error('there are three edges');
    const way = (proxy = await startFaultProxy({ targetPort: three.port }));
    const follow = (transport: 'socket' | 'sse', catchUp: 'every' | 'latest', url: string): SocketClient | SseClient =>
      scene.follow({ transport, pattern: '/**', catchUp, after: 'now', url }) as SocketClient | SseClient;
    const frozen = (['every', 'latest'] as const).flatMap((mode) => [follow('socket', mode, one.url), follow('sse', mode, two.url)]);
    const slow = (['every', 'latest'] as const).flatMap((mode) => [follow('socket', mode, way.url), follow('sse', mode, way.url)]);
    const areLive = (): boolean => [...frozen, ...slow].every(({ isLive }) => isLive);
    await eventually('all are live', areLive, { timeoutMs: 30_000 });

    for (const client of frozen) client.pauseReading();
    way.down({ bytesPerSecond: SLOW_BYTES_PER_SECOND });
    const publisher = scene.publisher('large');
    await eventually(
      'every edge has a socket that is full',
      async () => {
        await publisher.publish(Array.from({ length: 5 }, () => ({ mailbox: MAILBOX, data: LARGE })));
        return (await fullest(edges)).every((bytes) => bytes >= LIMITS.socketHighWaterBytes);
      },
      { timeoutMs: 30_000 },
    );
    await crowd.goesOn();
    for (const client of frozen) client.resumeReading();
    way.down({ bytesPerSecond: 0 });
    await eventually('all are live again', areLive, { timeoutMs: 30_000 });

    for (const client of frozen) expect(client.connections).toBe(1);
    for (const bytes of await fullest(edges)) expect(bytes).toBeLessThanOrEqual(LIMITS.socketHighWaterBytes + LIMITS.pushBytesMax);
  });
  expect(verdict).toMatchObject({ ok: true });
});

function fullest(edges: readonly RestanteProcess[]): Promise<number[]> {
  return Promise.all(edges.map((edge) => edge.metric('restante_edge_socket_queued_bytes_max')));
}
