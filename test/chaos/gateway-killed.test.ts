/**
 * Goal: what a gateway had taken and not answered when it died is stored once or not at all, and its publishers go on at another one.
 * Method: one of two gateways is killed with -9 while both are published to, one message and ten at a time; it is started again once
 * publishing went on without it.
 */
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when a gateway is killed', async () => {
  const kill = survive(
    'gateway-killed',
    async ({ cluster: { gateways }, crowd, random }) => {
      const gateway = gateways[Math.floor(random() * gateways.length)];
      await gateway?.kill('SIGKILL');
      await crowd.goesOn();
      await gateway?.start();
    },
    { gateways: 2 },
  );
  await expect(kill).resolves.toMatchObject({ ok: true });
});
