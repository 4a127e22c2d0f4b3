/**
 * Goal: what the bus does to the messages of links, a reader notices as delay at most (I5).
 * Method: for some seconds a fifth of what every edge and the routers say to each other is lost, a tenth of the rest comes twice, and a fifth comes up
 * to 200 ms late, so that others overtake it.
 */
import { eventually, isOfLink } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

/** Messages of links; at about a hundred a second at each edge, some five seconds. */
const MESSAGES = 1_500;

it('loses, doubles and misorders nothing when the bus loses, doubles, delays and reorders', async () => {
  const verdict = await survive(
    'bus-unreliable',
    async ({ cluster, crowd, random }) => {
      const links = cluster.edges.map((edge) => cluster.linksOf(edge));
      for (const link of links) link.faults = { concerns: isOfLink, lost: 0.2, doubled: 0.1, delayed: 0.2, delayMsMax: 200, random };
      const passed = (): number => links.reduce((sum, { counts }) => sum + counts.passed, 0);
      await eventually('enough messages of links', () => passed() > MESSAGES, { timeoutMs: 60_000 });
      await crowd.goesOn();
      for (const { faults, counts } of links) {
        expect(faults).toBeDefined();
        expect(Math.min(counts.lost, counts.doubled, counts.delayed)).toBeGreaterThan(10);
      }
      for (const link of links) link.faults = undefined;
    },
    { linkProxies: true },
  );
  expect(verdict).toMatchObject({ ok: true });
});
