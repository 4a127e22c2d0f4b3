import { openScene, type Scene, seededRandom, startFaultProxy, TRANSPORTS, testSeed } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Connections break at any moment, in the middle of a message too; readers go on from where they were (I3). */

let scene: Scene;
const random = seededRandom(testSeed('resume-after-reconnect'));
beforeAll(async () => {
  scene = await openScene({ random });
});
afterAll(() => scene.close());

it('loses and doubles nothing when connections are cut again and again', async () => {
  const proxy = await startFaultProxy({ targetPort: scene.server.port });
  try {
    const readers = TRANSPORTS.flatMap((transport) =>
      (['every', 'latest'] as const).flatMap((catchUp) =>
        (['message', 'position'] as const).map((resumeBy) =>
          scene.follow({ transport, pattern: '/r/**', catchUp, resumeBy, url: proxy.url }),
        ),
      ),
    );
    const publisher = scene.publisher();
    for (let round = 0; round < 40; round++) {
      // A throttled connection is cut in the middle of something.
      proxy.down({ bytesPerSecond: random() < 0.5 ? 0 : 200_000, delayMs: Math.floor(random() * 20) });
      for (let batch = 0; batch < 5; batch++)
        await publisher.publish(
          Array.from({ length: 20 }, (_, i) => ({ mailbox: `/r/${i % 7}`, data: { round, batch, i, pad: 'x'.repeat(200) } })),
        );
      proxy.cut();
    }
    proxy.down({ bytesPerSecond: 0, delayMs: 0 });
    await expect(scene.finish()).resolves.toMatchObject({ ok: true, published: 4_000 });
    for (const reader of readers) expect(reader.connections).toBeGreaterThan(1);
  } finally {
    await proxy.close();
  }
});
