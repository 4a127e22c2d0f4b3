/**
 * Goal: a network that keeps routers and edges apart, and neither from NATS, costs readers time and nothing else.
 * Method: what one edge and the routers say to each other is lost, both ways; it is soon not ready, for it gets no frames. Then the same at all
 * edges at once, so that the router which holds the leases has nobody to serve.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, isOfLink, type SubjectFaults } from '@restante/testkit';
import { expect, it } from 'vitest';
import { readiness, survive } from './survive.js';

/** Longer than beats may be missed and attaching is tried twice; shorter than a router remembers an edge that it does not hear. */
const CUT_MS = 3_000;
const CUT: SubjectFaults = { concerns: isOfLink, lost: 1 };

it('loses, doubles and misorders nothing when routers and edges do not hear each other', async () => {
  const verdict = await survive(
    'router-cut-from-edge',
    async ({ cluster, random }) => {
      const { edges } = cluster;
      const one = edges.slice(Math.floor(random() * edges.length)).slice(0, 1);
      for (const cut of [one, edges]) {
        for (const edge of cut) cluster.linksOf(edge).faults = CUT;
        const over = sleep(CUT_MS);
        await eventually('the edges say that no frames arrive', async () => (await readiness(cut)).every((ready) => !ready));
        await over;
        for (const edge of cut) cluster.linksOf(edge).faults = undefined;
        await eventually('the edges are ready', async () => (await readiness(edges)).every((ready) => ready));
      }
    },
    { linkProxies: true },
  );
  expect(verdict).toMatchObject({ ok: true });
});
