import { describe, expect, it } from 'vitest';
import type { SubscriptionSpec } from '../../testing/client.js';
import { type Scheduled, SETTINGS, type Settings, World } from '../../testing/world.js';
import { WIRE_VERSION } from '../index.js';

/** Schedules by hand in the whole world: what is about pace and storms shows only there. The rules one by one are tested beside the code. */

const FAULTLESS: Settings = {
  ...SETTINGS,
  faults: { p: 0, baseMs: 2, jitterMs: 0 },
  ringBytes: 100_000,
  hotTailBytes: 100_000,
  highWater: 1_000,
};

function follows(client: number, edge: number, pattern: string, over: Partial<SubscriptionSpec> = {}): Scheduled {
  const subscription: SubscriptionSpec = { patterns: [pattern], mode: 'every', after: 'now', resumeBy: 'position', ...over };
  return { at: 500, do: 'connect', client, edge, subscriptions: [subscription] };
}

/** Attaches that an edge needs when nothing ever goes wrong: asked again until a router holds the lease, for each log. */
const FIRST_ATTACHES = 4;

function attaches(world: World): number {
  return Math.max(...world.edges.map((edge) => edge.attaches));
}

/** `/a/x` is published to so often, from second to second. */
function publishing(world: World, everyMs: number, fromMs: number, toMs: number): void {
  world.agenda.every(everyMs, fromMs, () => {
    world.publish('/a/x');
    return world.agenda.now < toMs;
  });
}

describe('without an attach storm', () => {
  it('mends the hole of one lost frame within the link, under a load of 125 messages a second and a round trip of 30 ms', () => {
    const world = new World({ ...FAULTLESS, faults: { p: 0, baseMs: 15, jitterMs: 0 } });
    publishing(world, 8, 600, 6_000);
    expect(world.run([follows(0, 0, '/a/x'), { at: 2_000, do: 'lose-frames', ms: 12 }])).toBeUndefined();
    expect(attaches(world)).toBeLessThanOrEqual(FIRST_ATTACHES);
  });

  it('takes mere jitter for what it is', () => {
    const world = new World({ ...FAULTLESS, faults: { p: 0, baseMs: 5, jitterMs: 15 } });
    publishing(world, 7, 600, 6_000);
    expect(world.run([follows(0, 0, '/a/x')])).toBeUndefined();
    expect(attaches(world)).toBeLessThanOrEqual(FIRST_ATTACHES);
  });

  it('attaches over a round trip that is longer than its first wait', () => {
    const world = new World({ ...FAULTLESS, faults: { p: 0, baseMs: 260, jitterMs: 0 } });
    publishing(world, 40, 600, 6_000);
    expect(world.run([follows(0, 0, '/a/x')])).toBeUndefined();
    expect(attaches(world)).toBeLessThanOrEqual(FIRST_ATTACHES + 2);
  });

  it('lives with two routers that both serve', () => {
    const world = new World(FAULTLESS);
    publishing(world, 40, 600, 12_000);
    const schedule: Scheduled[] = [
      follows(0, 0, '/a/x'),
      { at: 1_000, do: 'stop', router: 0, ms: 3_000 },
      { at: 1_001, do: 'blind', router: 0, ms: 16_000 },
    ];
    expect(world.run(schedule)).toBeUndefined();
    expect(attaches(world)).toBeLessThanOrEqual(2 * FIRST_ATTACHES);
  });

  it('is not shaken by the attaches of earlier attempts that arrive late', () => {
    const world = new World(FAULTLESS);
    const late: Uint8Array[] = [];
    world.bus.filter = ({ type, bytes }) => {
      if (type === 'attach') late.push(bytes);
      return true;
    };
    for (const at of [2_000, 4_500, 7_000]) {
      world.agenda.in(at, () => {
        for (const bytes of late) for (const router of world.routers) router.receive(bytes);
      });
    }
    publishing(world, 100, 600, 9_000);
    expect(world.run([follows(0, 0, '/a/x')])).toBeUndefined();
    expect(attaches(world)).toBeLessThanOrEqual(FIRST_ATTACHES);
  });

  it('does not ask a router that has not seen a fork again and again', () => {
    const world = new World(FAULTLESS);
    publishing(world, 100, 600, 3_000);
    const schedule: Scheduled[] = [
      follows(0, 0, '/a/x'),
      { at: 2_000, do: 'lag-router', router: 0, ms: 4_000 },
      { at: 2_000, do: 'lag-router', router: 1, ms: 4_000 },
      { at: 2_500, do: 'fork', log: 0, lost: 2 },
      { at: 2_600, do: 'restart-edge', edge: 0 },
    ];
    expect(world.run(schedule)).toBeUndefined();
    expect(attaches(world)).toBeLessThanOrEqual(3 * FIRST_ATTACHES);
  });
});

describe('while releases replace each other', () => {
  it('serves edges of both from routers of both, each link in the lower of its two versions', () => {
    const world = new World({ ...FAULTLESS, newer: [false, true, false, true] });
    const versions = new Map<string, Set<number>>();
    world.bus.filter = ({ from, to, type, bytes }) => {
      const link = `${from.slice(0, 2)} ${to.slice(0, 2)}`;
      if (type !== 'attach') versions.set(link, (versions.get(link) ?? new Set()).add(bytes[0] ?? 0));
      return true;
    };
    publishing(world, 40, 600, 9_000);
    const schedule: Scheduled[] = [
      follows(0, 0, '/a/x'),
      follows(1, 1, '/a/x'),
      { at: 2_000, do: 'stop', router: 0, ms: 15_000 },
      { at: 5_000, do: 'restart-edge', edge: 0 },
    ];
    expect(world.run(schedule)).toBeUndefined();
    const [lower, both] = [new Set([WIRE_VERSION]), new Set([WIRE_VERSION + 1])];
    expect(Object.fromEntries(versions)).toEqual({
      'R0 E0': lower,
      'E0 R0': lower,
      'R0 E1': lower,
      'E1 R0': lower,
      'R1 E0': lower,
      'E0 R1': lower,
      'R1 E1': both,
      'E1 R1': both,
    });
  });
});

describe('cheap', () => {
  it('serves a thousand clients who come back at once with a handful of reads of the log', () => {
    const world = new World({
      ...FAULTLESS,
      hotTailBytes: 300,
      ringBytes: 300,
      limits: { pageEntries: 50, pageBytes: 100_000, gridEntries: 1_024, pageCacheBytes: 100_000 },
    });
    publishing(world, 10, 600, 1_600);
    const crowd = Array.from({ length: 1_000 }, (_, i): Scheduled => ({ ...follows(i, 0, '/a/x', { after: 'earliest' }), at: 3_000 }));
    expect(world.run(crowd)).toBeUndefined();
    expect(world.edges[0]?.readsOfLog).toBeLessThanOrEqual(8);
  });
});
