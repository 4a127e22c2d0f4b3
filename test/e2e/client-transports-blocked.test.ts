import { connect } from '@restante/client';
import { eventually, openScene, type Scene } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type BlockingProxy, startBlockingProxy } from '../browser/blocking-proxy.js';
import { follow, judged, shortenPauses } from './client-follower.js';

/** A proxy that lets no WebSocket through, then no event stream either, and then everything again. */

let scene: Scene;
let proxy: BlockingProxy;
beforeAll(async () => {
  shortenPauses();
  scene = await openScene();
  proxy = await startBlockingProxy(scene.server.port);
});
afterAll(async () => {
  await proxy.close();
  await scene.close();
});

it('passes to the next transport and back without missing or doubling anything', async () => {
  const { server, recorder } = scene;
  const client = connect(proxy.url, { webSocket: WebSocket });
  try {
    const follower = follow(client, recorder, '/blocked/*', 'through the proxy');
    const publisher = scene.publisher();
    const drops = (from: number) =>
      publisher.run({ count: 200, batch: 10, drop: (i) => ({ mailbox: `/blocked/${i % 3}`, data: { n: from + i } }) });
    const reaches = (transport: string) =>
      eventually(`over ${transport}`, () => client.state.state === 'open' && client.state.transport === transport && follower.isLive, {
        timeoutMs: 25_000,
      });

    await reaches('websocket');
    await drops(0);
    proxy.block('/v1/socket');
    await drops(200);
    await reaches('sse');
    await drops(400);
    proxy.block('/v1/socket', '/v1/stream');
    await drops(600);
    await reaches('long-poll');
    await drops(800);
    proxy.block();
    await reaches('websocket');
    await drops(1_000);
    await eventually('everything is seen', () => follower.seen.length >= 1_200);
    await expect(judged(server.url, recorder, [follower])).resolves.toMatchObject({ ok: true, published: 1_200 });
  } finally {
    await client.close();
  }
});
