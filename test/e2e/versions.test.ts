import { eventually, launchNats, launchRestante, type Nats, type RestanteProcess, type Role, Scene, TRANSPORTS } from '@restante/testkit';
import { afterEach, expect, it } from 'vitest';

/**
 * Releases replace each other one process at a time: edges and routers of this one and of the next one on one NATS (L13 of
 * docs/delivery.md). The next one is this program with another codec: see `next-release.mjs`.
 */

const NEXT = { NODE_OPTIONS: `--import=${new URL('next-release.mjs', import.meta.url).href}` };

let nats: Nats;
let scene: Scene;
const routers: RestanteProcess[] = [];

afterEach(async () => {
  await scene.close();
  await Promise.all(routers.map((router) => router.stop()));
  await nats.stop();
});

it('an edge of the next release beside one of this, at a router of this one, then of the next, then of this one again', async () => {
  nats = await launchNats();
  const launch = (role: Role, env = {}): Promise<RestanteProcess> => launchRestante({ role, backend: nats.url, env });
  const router = await launch('router');
  const [edge, nextEdge] = await Promise.all([launch('edge'), launch('edge', NEXT)]);
  routers.push(router);
  scene = new Scene({ edges: [edge, nextEdge], gateways: [edge, nextEdge] }, Math.random);
  for (const { url } of [edge, nextEdge]) for (const transport of TRANSPORTS) scene.follow({ transport, pattern: '/v/**', url });
  scene.follow({ transport: 'socket', pattern: '/v/1' });

  const publisher = scene.publisher();
  let published = 0;
  const reachesAll = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) await publisher.publish([1, 2].map((n) => ({ mailbox: `/v/${n}`, data: { i, n } })));
    published += 40;
    const isThere = (): boolean =>
      scene.following.every(({ client, pattern }) => client.seqIn('_') >= published - (pattern === '/v/1' ? 1 : 0));
    await eventually('every reader at the end', isThere);
    // Not by reading the log alone: frames arrive.
    for (const one of [edge, nextEdge]) await one.ready();
  };

  await reachesAll();
  expect(nextEdge.stderr).toContain('attaches in version 2');
  expect(nextEdge.stderr).not.toContain('reads version 2');

  const nextRouter = await launch('router', NEXT);
  routers.push(nextRouter);
  await router.kill();
  await reachesAll();
  await eventually('the two of the next release speak its version', () => nextEdge.stderr.includes('reads version 2'));
  expect(nextRouter.stderr).toContain('writes version 2');
  expect(edge.stderr).not.toContain('version 2');

  await router.start();
  await nextRouter.kill();
  await reachesAll();
  await expect(scene.finish()).resolves.toMatchObject({ ok: true, published });
});
