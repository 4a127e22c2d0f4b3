/**
 * Goal: nobody notices the death of a router that stands by, nor that it comes back.
 * Method: of two routers, the one that does not serve, or serves less, is killed with -9, and started again once delivery went on.
 */
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when a standby router is killed', async () => {
  const verdict = await survive('standby-killed', async ({ cluster, crowd }) => {
    const serving = await cluster.servingRouter();
    const standby = cluster.routers.find((router) => router !== serving);
    await standby?.kill('SIGKILL');
    await crowd.goesOn();
    await standby?.start();
  });
  expect(verdict).toMatchObject({ ok: true });
});
