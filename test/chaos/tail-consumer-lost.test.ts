/**
 * Goal: a tail outlives its consumer, which has one copy and is silent for ever when its server dies.
 * Method: the server that hosts a consumer of the serving router's tail is killed with -9 and stays dead until the end. Where there is a choice, it
 * is one that does not lead the stream, so that nothing else tells the router.
 */
import { eventually, STREAMS } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it("loses, doubles and misorders nothing when the server of a tail's consumer dies and stays dead", async () => {
  const verdict = await survive('tail-consumer-lost', async ({ cluster: { nats } }) => {
    const host = await eventually('somebody tails', async () => {
      const leader = await nats.leaderOf(STREAMS.rest);
      const hosts = (await nats.consumersOf(STREAMS.rest)).map(({ server }) => server);
      return hosts.find((server) => server !== leader) ?? hosts[0];
    });
    await host.kill('SIGKILL');
  });
  expect(verdict).toMatchObject({ ok: true });
});
