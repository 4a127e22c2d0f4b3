/**
 * Goal: the death of the router that serves costs delay, and nothing else.
 * Method: it is killed with -9; the standby takes its logs over, and it is started again once delivery goes on.
 */
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when the serving router is killed', async () => {
  const verdict = await survive('router-killed', async ({ cluster, crowd }) => {
    const router = await cluster.servingRouter();
    await router.kill('SIGKILL');
    await crowd.goesOn();
    await router.start();
  });
  expect(verdict).toMatchObject({ ok: true });
});
