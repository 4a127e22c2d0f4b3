import fc from 'fast-check';
import { MAILBOXES, PATTERNS, type Scheduled, type Settings, SETTINGS, type Step } from './world.js';
import type { SubscriptionSpec } from './client.js';

/** Random schedules and settings for the simulated world; both shrink. */

const index = (below: number): fc.Arbitrary<number> => fc.nat({ max: below - 1 });

const CLIENTS = 4;

const client = index(CLIENTS);
const slot = index(2);

/** Mostly one pattern; several make a stream's reader. No pattern twice. */
const patterns = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PATTERNS).map((pattern) => [pattern]) },
  { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 2, maxLength: 3 }) },
);

const subscription: fc.Arbitrary<SubscriptionSpec> = fc.record({
  patterns,
  mode: fc.constantFrom('every' as const, 'every' as const, 'latest' as const),
  after: fc.constantFrom('now' as const, 'earliest' as const),
  resumeBy: fc.constantFrom('message' as const, 'position' as const),
});

const subscriptions = fc.array(subscription, { minLength: 1, maxLength: 2 });

function does<T extends Step['do']>(
  what: T,
  fields: { [F in Exclude<keyof Extract<Step, { do: T }>, 'do'>]: fc.Arbitrary<Extract<Step, { do: T }>[F]> },
): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constant(what), ...fields }) as unknown as fc.Arbitrary<Step>;
}

const publish = does('publish', {
  mailbox: index(MAILBOXES.length),
  burst: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 8 }) }),
});
const toggle = does('toggle', { client, subscription: slot });
const resume = does('resume', { client, edge: slot, gapMs: fc.oneof(fc.constant(0), fc.nat({ max: 1_500 })) });
const slow = does('slow', { client, ms: fc.nat({ max: 2_500 }) });

const ofClients = [
  { weight: 60, arbitrary: publish },
  { weight: 1, arbitrary: does('purge', { mailbox: index(MAILBOXES.length) }) },
  { weight: 12, arbitrary: toggle },
  { weight: 9, arbitrary: resume },
  { weight: 4, arbitrary: slow },
];

const ofServers = [
  { weight: 3, arbitrary: does('stop', { router: slot, ms: fc.nat({ max: 4_000 }) }) },
  { weight: 2, arbitrary: does('restart-router', { router: slot }) },
  { weight: 2, arbitrary: does('steal-lease', { router: slot }) },
  { weight: 2, arbitrary: does('blind', { router: slot, ms: fc.nat({ max: 4_000 }) }) },
  { weight: 2, arbitrary: does('lag-router', { router: slot, ms: fc.nat({ max: 2_500 }) }) },
  { weight: 1, arbitrary: does('drop-links', { router: slot }) },
  { weight: 2, arbitrary: does('lag-edge', { edge: slot, ms: fc.nat({ max: 2_000 }) }) },
  { weight: 1, arbitrary: does('fail-reads', { edge: slot, ms: fc.nat({ max: 1_500 }) }) },
  { weight: 1, arbitrary: does('restart-edge', { edge: slot }) },
  { weight: 1, arbitrary: does('retain', { log: slot, share: fc.double({ min: 0.2, max: 1, noNaN: true }) }) },
  { weight: 1, arbitrary: does('fork', { log: slot, lost: fc.nat({ max: 6 }) }) },
  { weight: 2, arbitrary: does('lose-frames', { ms: fc.nat({ max: 200 }) }) },
];

function at(step: fc.Arbitrary<Step>, fromMs: number, toMs: number): fc.Arbitrary<Scheduled> {
  return fc.tuple(fc.integer({ min: fromMs, max: toMs }), step).map(([ms, what]) => ({ at: ms, ...what }));
}

const { faultyMs, calmMs } = SETTINGS;

const connects = fc.tuple(
  ...Array.from({ length: CLIENTS }, (_, i) => at(does('connect', { client: fc.constant(i), edge: slot, subscriptions }), 0, 2_000)),
);

function schedule(steps: readonly fc.WeightedArbitrary<Step>[]): fc.Arbitrary<readonly Scheduled[]> {
  const faulty = fc.array(at(fc.oneof(...steps), 0, faultyMs), { minLength: 40, maxLength: 180, size: 'max' });
  // Something to miss while nothing goes wrong any more; the last seconds are for coming to rest.
  const calm = fc.array(at(publish, faultyMs, faultyMs + calmMs / 2), { maxLength: 25, size: 'max' });
  return fc.tuple(connects, faulty, calm).map((parts) => parts.flat().sort((a, b) => a.at - b.at));
}

export interface Run {
  readonly settings: Settings;
  readonly schedule: readonly Scheduled[];
}

const seed = fc.noShrink(fc.nat({ max: 2 ** 31 - 1 }));

/** Processes of this release and of the next one, in any order of their starts. */
const newer = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });

/** Everything at once, with room enough in every table. */
export const faults: fc.Arbitrary<Run> = fc.record({
  settings: fc
    .record({
      seed,
      newer,
      faults: fc.record({ p: fc.constantFrom(0, 0.05, 0.12), baseMs: fc.constantFrom(2, 15, 40), jitterMs: fc.constantFrom(0, 20) }),
      newestBytes: fc.constantFrom(0, 350, 100_000),
      passDelayMs: fc.constantFrom(0, 3, 15),
      ringBytes: fc.constantFrom(300, 900, 5_000),
      hotTailBytes: fc.constantFrom(400, 1_400, 20_000),
      limits: fc.record({ gridEntries: fc.constantFrom(1, 4), jumpEntries: fc.constantFrom(6, 60) }),
    })
    .map((some) => ({ ...SETTINGS, ...some })),
  schedule: schedule([...ofClients, ...ofServers]),
});

/** Tables so small that attaches overflow, commands pile up, and interests are refused. */
export const tight: fc.Arbitrary<Run> = fc.record({
  settings: fc
    .record({
      seed,
      newer,
      faults: fc.record({ p: fc.constantFrom(0, 0.08), baseMs: fc.constantFrom(2, 25), jitterMs: fc.constantFrom(0, 10) }),
      limits: fc.record({
        attachBytesMax: fc.constantFrom(4, 9, 14),
        commandsPerMessage: fc.constantFrom(1, 2),
        commandsMax: fc.constantFrom(2, 4, 20),
        heldFramesMax: fc.constantFrom(1, 3),
        interestsMax: fc.constantFrom(2, 3, 100),
        pendingBytesMax: fc.constantFrom(100, 400),
        frameBytesMax: fc.constantFrom(100, 250),
        pageCacheBytes: fc.constantFrom(0, 1_000),
      }),
    })
    .map((some) => ({ ...SETTINGS, attachesMax: Number.POSITIVE_INFINITY, ...some })),
  schedule: schedule([...ofClients, { weight: 15, arbitrary: toggle }, ...ofServers]),
});

/** Clients come, go and are slow, and nothing is faulty: after the first attach of each log, nobody ever attaches again. */
export const churn: fc.Arbitrary<Run> = fc.record({
  settings: fc
    .record({
      seed,
      newer,
      faults: fc.record({ p: fc.constant(0), baseMs: fc.constantFrom(2, 15, 40), jitterMs: fc.constantFrom(0, 20) }),
    })
    .map((some) => ({ ...SETTINGS, ...some })),
  schedule: schedule([...ofClients, { weight: 20, arbitrary: toggle }]),
});
