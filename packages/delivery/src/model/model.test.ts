import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { churn, faults, type Run, tight } from '../../testing/schedules.js';
import { World } from '../../testing/world.js';

/**
 * Random schedules against the real code (I2, I3, I5, I6, I11): see `testing/world.ts`. A schedule that fails prints its seed, and shrinks.
 * RESTANTE_TEST_FULL runs many times as many.
 */

const TIMES = process.env['RESTANTE_TEST_FULL'] === '1' ? 10 : 1;
/** Shrinking a schedule takes minutes, and whoever sees one fail has them. */
const TIMEOUT_MS = 600_000 * TIMES;

function expectAll(runs: fc.Arbitrary<Run>, numRuns: number): void {
  fc.assert(
    fc.property(runs, ({ settings, schedule }) => {
      expect(new World(settings).run(schedule)).toBeUndefined();
    }),
    { numRuns: numRuns * TIMES },
  );
}

describe('delivery', () => {
  it('loses, doubles and misorders nothing, whatever bus, routers, edges and clients do', () => expectAll(faults, 400), TIMEOUT_MS);

  it('keeps its promises where every table is too small', () => expectAll(tight, 300), TIMEOUT_MS);

  it(
    'attaches once, and never again, where clients come and go and nothing is faulty',
    () => {
      fc.assert(
        fc.property(churn, ({ settings, schedule }) => {
          const world = new World(settings);
          expect(world.run(schedule)).toBeUndefined();
          // One for each log, until a router holds the lease.
          for (const { attaches } of world.edges) expect(attaches).toBeLessThanOrEqual(4);
        }),
        { numRuns: 150 * TIMES },
      );
    },
    TIMEOUT_MS,
  );
});
