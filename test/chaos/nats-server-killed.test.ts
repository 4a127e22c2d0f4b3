/**
 * Goal: the death of any NATS server costs delay, and nothing else.
 * Method: one of three, whatever it leads, is killed with -9, and started again once publishing and delivery go on.
 */
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when a NATS server is killed', async () => {
  const verdict = await survive('nats-server-killed', async ({ cluster: { nats }, crowd, random }) => {
    const server = nats.server(Math.floor(random() * nats.servers.length));
    await server.kill('SIGKILL');
    await crowd.goesOn();
    await server.start();
    await nats.ready();
  });
  expect(verdict).toMatchObject({ ok: true });
});
