/**
 * Goal: readers do not notice that their edge died, but for the way to another one.
 * Method: an edge is killed with -9 under its readers, and started again once delivery goes on without it.
 */
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when an edge is killed', async () => {
  const verdict = await survive('edge-killed', async ({ cluster: { edges }, crowd, random }) => {
    const edge = edges[Math.floor(random() * edges.length)];
    await edge?.kill('SIGKILL');
    await crowd.goesOn();
    await edge?.start();
  });
  expect(verdict).toMatchObject({ ok: true });
});
