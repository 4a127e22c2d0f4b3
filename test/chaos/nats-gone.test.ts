/**
 * Goal: Restante outlives all of NATS, says meanwhile that it cannot serve, and goes on by itself where it was.
 * Method: every NATS server is killed with -9 at once; every process says that it is not ready, and none ends; then all are started again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@restante/testkit';
import { expect, it } from 'vitest';
import { readiness, survive } from './survive.js';

/** From the death of the last server to the start of the first. What is being published meanwhile waits up to 8 s: the longer run sees it given up. */
const GONE_MS = process.env['RESTANTE_TEST_FULL'] === '1' ? 20_000 : 4_000;

it('loses, doubles and misorders nothing when all of NATS is gone for a while', async () => {
  const verdict = await survive('nats-gone', async ({ cluster: { nats, processes } }) => {
    const gone = sleep(GONE_MS);
    await nats.kill('SIGKILL');
    await eventually('no process is ready', async () => (await readiness(processes)).every((ready) => !ready));
    await gone;
    expect(processes.filter(({ isAwake }) => isAwake)).toEqual(processes);
    await nats.start();
    await eventually('every process is ready', async () => (await readiness(processes)).every((ready) => ready), { timeoutMs: 30_000 });
  });
  expect(verdict).toMatchObject({ ok: true });
});
