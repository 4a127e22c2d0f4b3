/**
 * Goal: a router that wakes up believing that it still serves does no harm (I6).
 * Method: the serving router is stopped with SIGSTOP until another one serves and delivery goes on, and then continued.
 */
import { eventually } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when the serving router is stopped past its lease and continued', async () => {
  const verdict = await survive('router-paused-past-its-lease', async ({ cluster, crowd }) => {
    const router = await cluster.servingRouter();
    router.pause();
    await cluster.servingRouter();
    await crowd.goesOn();
    router.continue();
    await eventually('it has seen who serves', async () => (await router.metric('restante_router_serving')) === 0);
  });
  expect(verdict).toMatchObject({ ok: true });
});
