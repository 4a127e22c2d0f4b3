/**
 * Goal: what a stream's leader had acknowledged is not lost with it, and what it had not is stored once or not at all.
 * Method: the server that leads the stream of `*` is killed with -9 while it is published to in every way, and started again once
 * publishing and delivery go on.
 */
import { STREAMS } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it("loses, doubles and misorders nothing when the stream's leader is killed", async () => {
  const verdict = await survive('stream-leader-killed', async ({ cluster: { nats }, crowd }) => {
    const leader = await nats.leaderOf(STREAMS.rest);
    await leader.kill('SIGKILL');
    await crowd.goesOn();
    await leader.start();
    await nats.ready();
  });
  expect(verdict).toMatchObject({ ok: true });
});
