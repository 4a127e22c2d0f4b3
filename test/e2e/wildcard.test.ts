import { openScene, type Scene, TRANSPORTS } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Exact names, `/*` and `/**`, over one log and over several: each reader gets what it asked for and nothing else. */

const MAILBOXES = ['/w', '/w/a', '/w/b', '/w/a/x', '/w/a/x/y', '/v/a', '/named/a', '/named/a/b', '/meta-like/a'];
let scene: Scene;
beforeAll(async () => {
  scene = await openScene({
    config: 'namespaces:\n  named: { read: public, publish: public }\n  "*": { read: public, publish: public }\n',
  });
});
afterAll(() => scene.close());

it('gives every pattern what it matches, over every transport', async () => {
  const publisher = scene.publisher();
  const drop = (index: number) => ({ mailbox: MAILBOXES[(index * 5) % MAILBOXES.length] ?? '/w', data: index });
  await publisher.run({ count: 90, drop, batch: 9 });
  for (const transport of TRANSPORTS)
    for (const pattern of ['/w', '/w/*', '/w/**', '/w/a/**', '/*', '/**', '/named/*', '/named/**', '/nobody/**'])
      for (const resumeBy of ['message', 'position'] as const)
        scene.follow({ transport, pattern, resumeBy, limit: resumeBy === 'message' ? 7 : 1_000 });
  await publisher.run({ count: 900, drop, batch: 9 });
  await expect(scene.finish()).resolves.toMatchObject({ ok: true, published: 990, readers: 54 });
});
