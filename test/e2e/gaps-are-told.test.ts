import { eventually, openScene, type Scene, startFaultProxy, TRANSPORTS } from '@restante/testkit';
import { afterEach, expect, it } from 'vitest';

/** What retention removed before a reader came back is told, before anything newer, and nothing else is missing (I3). */

const CONFIG = `
ringBytes: 1MiB
hotTailBytes: 1MiB
namespaces:
  "*": { read: public, publish: public, history: { bytes: 1MiB } }
`;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

it.each([
  ['and the server remembers that', false],
  ['and the server was started again since', true],
])('to readers whose place is gone, over every transport, in both modes, %s', async (_when, isRestarted) => {
  scene = await openScene({ config: CONFIG });
  const { server, recorder } = scene;
  const proxy = await startFaultProxy({ targetPort: server.port });
  try {
    const drop = (index: number) => ({ mailbox: `/old/${index % 40}`, data: { index, pad: 'x'.repeat(4_000) } });
    const follow = scene.follow.bind(scene);
    const readers = TRANSPORTS.flatMap((transport) =>
      (['every', 'latest'] as const).flatMap((catchUp) =>
        (['message', 'position'] as const).map((resumeBy) => follow({ transport, pattern: '/old/*', catchUp, resumeBy, url: proxy.url })),
      ),
    );
    const publisher = scene.publisher();
    await publisher.run({ count: 100, drop, batch: 10 });
    await eventually('all at the end', () => readers.every((reader) => reader.seqIn('_') === 100));
    proxy.refusing = true;
    proxy.cut();
    await publisher.run({ count: 1_000, drop, batch: 50 });
    if (isRestarted) {
      await server.kill();
      await server.start();
    }
    proxy.refusing = false;
    await publisher.run({ count: 100, drop, batch: 10 });

    await expect(scene.finish()).resolves.toMatchObject({ ok: true, readers: 12 });
    const told = recorder.events.flatMap((event) =>
      event.type === 'gap' || (event.type === 'subscribed' && !event.complete) ? [event.reader] : [],
    );
    expect(new Set(told).size).toBe(readers.length);
  } finally {
    await proxy.close();
  }
});
