import { OPEN } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { E, entry, F, forkedAt, ONE_EPOCH } from '../../testing/by-hand.js';
import { type Attached, type Command, type Frame, type Read, RouterLog, type RouterLimits, WIRE_VERSION } from '../index.js';

/** The router's end of links, and its hot tail, rule by rule (docs/delivery.md). */

class RouterByHand {
  readonly router: RouterLog;
  readonly #sent: (Attached | Frame)[] = [];
  #halves = 0;
  #read = 0;

  constructor(limits: Partial<RouterLimits> = {}, head = 0, version = WIRE_VERSION) {
    this.router = new RouterLog({
      log: 'a',
      instance: 'R1',
      version,
      extent: { epochs: ONE_EPOCH, floor: 0, head },
      limits: { hotTailBytes: 100_000, newestBytes: 0, linksMax: 100, interestsMax: 100, ...limits },
      send: (_edge, message) => this.#sent.push(structuredClone(message)),
      newHalf: () => `h${(this.#halves += 1)}`,
    });
  }

  attach(patterns: readonly string[], over: { attempt?: number; edge?: string; version?: number } = {}, now = 0): void {
    this.router.onAttach({ type: 'attach', version: WIRE_VERSION, log: 'a', edge: 'edge', attempt: 1, patterns, ...over }, now);
  }

  commands(commands: readonly Command[], over: { attempt?: number; half?: string; edge?: string } = {}, now = 0): void {
    this.router.onCommands(
      { type: 'commands', version: WIRE_VERSION, log: 'a', edge: 'edge', attempt: 1, half: 'h1', commands, ...over },
      now,
    );
  }

  tail(from: number, upTo: number, entries: ReturnType<typeof entry>[] = [], epochs = ONE_EPOCH): void {
    this.router.onTail({ epochs, floor: 0, head: upTo, from, upTo, entries });
  }

  read(patterns: readonly string[], after: number, over: Partial<Read> = {}) {
    const link = { version: WIRE_VERSION, log: 'a', edge: 'edge', attempt: 1, half: 'h1' };
    const page = this.router.onRead({
      type: 'read',
      ...link,
      id: (this.#read += 1),
      patterns,
      epoch: E,
      after,
      mode: 'every',
      limit: 100,
      bytes: 100_000,
      ...over,
    });
    return page === 'miss'
      ? page
      : `(${page.start},${page.next}] ${page.entries.map((e) => e.seq).join(',')}${page.next < page.head ? ' full' : ''}`;
  }

  /** What was sent since the last look. */
  take(): string[] {
    return this.#sent.splice(0).map((m) => {
      const refused = m.refused.length > 0 ? ` refused ${m.refused.join(',')}` : '';
      if (m.type === 'attached') return `attached ${m.half} at ${m.position}${refused}`;
      return `${m.half} r${m.r} (${m.from},${m.upTo}] ${m.entries.map((e) => e.seq).join(',')}${refused}`;
    });
  }

  /** Of the messages since the last look, and of the beats. */
  versions(): number[] {
    return [...this.#sent.splice(0), ...this.router.beat(0)].map(({ version }) => version);
  }

  beat(now = 0): string[] {
    return this.router.beat(now).map((b) => `${b.half} r${b.r} ${b.upTo}${b.refused.length > 0 ? ` refused ${b.refused.join(',')}` : ''}`);
  }
}

const watch = (r: number, pattern: string): Command => ({ r, op: 'watch', pattern });
const unwatch = (r: number, pattern: string): Command => ({ r, op: 'unwatch', pattern });

describe('L1: one link per edge', () => {
  it('answers the same attach again, unchanged', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x']);
    hand.tail(0, 3, [entry(3)]);
    hand.attach(['/a/x']);
    hand.router.flush();
    expect(hand.take()).toEqual(['attached h1 at 0', 'attached h1 at 0', 'h1 r0 (0,3] 3']);
  });

  it('ignores the attach of an earlier attempt', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x'], { attempt: 2 });
    hand.attach(['/a/y'], { attempt: 1 });
    hand.tail(0, 3, [entry(3)]);
    hand.router.flush();
    expect(hand.take()).toEqual(['attached h1 at 0', 'h1 r0 (0,3] 3']);
  });

  it('replaces the link upon a newer attempt, and forgets its interests', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x', '/a/y']);
    hand.attach(['/a/y'], { attempt: 2 });
    hand.tail(0, 3, [entry(3)]);
    hand.router.flush();
    expect([hand.take(), hand.router.links, hand.router.interests]).toEqual([['attached h1 at 0', 'attached h2 at 0'], 1, 1]);
  });

  it('obeys no command for a link that it made anew', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x']);
    hand.router.dropLinks();
    hand.attach(['/a/x']);
    hand.take();
    hand.commands([watch(1, '/a/y')], { half: 'h1' });
    expect([hand.take(), hand.router.interests]).toEqual([[], 1]);
  });
});

describe('L3: commands apply in order, each once', () => {
  it('ignores what comes before its turn, and what was applied', () => {
    const hand = new RouterByHand();
    hand.attach([]);
    hand.take();
    hand.commands([unwatch(2, '/a/x')]);
    hand.commands([watch(1, '/a/x')]);
    hand.commands([watch(1, '/a/x'), unwatch(2, '/a/x')]);
    hand.commands([watch(1, '/a/x')]);
    expect([hand.take(), hand.router.interests]).toEqual([['h1 r1 (0,0] ', 'h1 r2 (0,0] '], 0]);
  });

  it('tells a refusal until the next commands show that it was seen', () => {
    const hand = new RouterByHand({ interestsMax: 1 });
    hand.attach(['/a/x', '/a/w']);
    hand.commands([watch(1, '/a/y')]);
    hand.commands([watch(1, '/a/y'), watch(2, '/a/z')]);
    expect(hand.take()).toEqual(['attached h1 at 0 refused /a/w', 'h1 r1 (0,0]  refused 1', 'h1 r2 (0,0]  refused 1,2']);
    expect(hand.beat()).toEqual(['h1 r2 0 refused 1,2']);
    hand.commands([unwatch(3, '/a/x')]);
    hand.commands([watch(4, '/a/y')]);
    expect(hand.take()).toEqual(['h1 r3 (0,0] ', 'h1 r4 (0,0] ']);
  });

  it('refuses a pattern that it cannot read, and lives on', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x', 'a newer kind of pattern']);
    hand.commands([watch(1, '/a//')]);
    expect(hand.take()).toEqual(['attached h1 at 0 refused a newer kind of pattern', 'h1 r1 (0,0]  refused 1']);
  });
});

describe('L4: a frame lies under one interest set', () => {
  it('closes the old set before commands, and acknowledges after', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x']);
    hand.tail(0, 3, [entry(1), entry(2, '/a/y'), entry(3)]);
    hand.commands([watch(1, '/a/y')]);
    hand.tail(3, 4, [entry(4, '/a/y')]);
    hand.router.flush();
    expect(hand.take().slice(1)).toEqual(['h1 r0 (0,3] 1,3', 'h1 r1 (3,3] ', 'h1 r1 (3,4] 4']);
  });

  it('carries an entry once, though several patterns take it and frames are cut by bytes', () => {
    const hand = new RouterByHand({ frameBytesMax: 150 });
    hand.attach(['/a/x', '/a/*', '/a/**']);
    hand.tail(
      0,
      4,
      [1, 2, 3, 4].map((seq) => entry(seq)),
    );
    hand.router.flush();
    expect(hand.take().slice(1)).toEqual(['h1 r0 (0,2] 1,2', 'h1 r0 (2,4] 3,4']);
  });
});

describe('L8: no frame spans what was not read', () => {
  it('begins after what retention removed before the tail came to it', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x']);
    hand.tail(0, 2, [entry(1), entry(2)]);
    hand.tail(7, 8, [entry(8)]);
    hand.router.flush();
    expect(hand.take().slice(1)).toEqual(['h1 r0 (0,2] 1,2', 'h1 r0 (7,8] 8']);
    expect(hand.read(['/a/x'], 2)).toBe('miss');
    expect(hand.read(['/a/x'], 7)).toBe('(7,8] 8');
  });
});

describe('L9: beats', () => {
  it('follow upon an empty frame up to where the tail was read', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x']);
    hand.take();
    hand.tail(0, 3, [entry(3, '/a/y')]);
    expect(hand.beat()).toEqual(['h1 r0 3']);
    expect(hand.take()).toEqual(['h1 r0 (0,3] ']);
  });
});

describe('L10: another history', () => {
  it('ends every link, and begins the hot tail anew at the fork', () => {
    const hand = new RouterByHand({ newestBytes: 10_000 });
    hand.attach(['/a/x']);
    hand.tail(
      0,
      4,
      [1, 2, 3, 4].map((seq) => entry(seq)),
    );
    hand.tail(2, 3, [entry(3)], forkedAt(2));
    hand.router.flush();
    expect([hand.router.links, hand.router.interests, hand.router.position]).toEqual([0, 0, { epoch: F, seq: 3 }]);
    expect(hand.read(['/a/x'], 1, { epoch: F })).toBe('miss');
    expect(hand.read(['/a/x'], 2, { epoch: F })).toBe('(2,3] 3');
    expect(hand.read(['/a/x'], 2, { epoch: E })).toBe('miss');
    expect(hand.read(['/a/x'], 1, { epoch: F, mode: 'latest' })).toBe('miss');
    expect(hand.read(['/a/x'], 2, { epoch: F, mode: 'latest' })).toBe('(2,3] 3');
  });
});

describe('L12: links expire, and their number has a limit', () => {
  it('drops a link that it has not heard of', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x']);
    hand.commands([], {}, 5_000);
    expect(hand.beat(15_000)).toHaveLength(1);
    expect(hand.beat(15_001)).toEqual([]);
    expect([hand.router.links, hand.router.interests]).toEqual([0, 0]);
  });

  it('does not answer one edge too many', () => {
    const hand = new RouterByHand({ linksMax: 1 });
    hand.attach(['/a/x']);
    hand.attach(['/a/x'], { edge: 'other' });
    expect(hand.take()).toEqual(['attached h1 at 0']);
  });
});

describe('L13: a link speaks the lower of two versions', () => {
  it.each([
    [1, 1, 1],
    [1, 2, 1],
    [2, 1, 1],
    [2, 2, 2],
  ])('where the router speaks %i and the edge %i, it is %i', (ours, theirs, links) => {
    const hand = new RouterByHand({}, 5, ours);
    hand.attach(['/a/x'], { version: theirs });
    hand.commands([watch(1, '/a/y')]);
    expect(hand.versions()).toEqual([links, links, links]);
  });
});

describe('pages from memory', () => {
  it('are cut by number and by bytes, with at least one entry', () => {
    const hand = new RouterByHand();
    hand.tail(
      0,
      4,
      [1, 2, 3, 4].map((seq) => entry(seq)),
    );
    expect(hand.read(['/a/x'], 0, { limit: 2 })).toBe('(0,2] 1,2 full');
    expect(hand.read(['/a/x'], 2, { bytes: 1 })).toBe('(2,3] 3 full');
    expect(hand.read(['/a/x'], 3)).toBe('(3,4] 4');
    expect(hand.read(['/a/x'], 5)).toBe('miss');
  });

  it('are of the patterns of the link where a mend names none', () => {
    const hand = new RouterByHand();
    hand.attach(['/a/x', '/a/y']);
    hand.tail(0, 3, [entry(1), entry(2, '/a/y'), entry(3, '/a/z')]);
    expect(hand.read([], 0)).toBe('(0,3] 1,2');
    expect(hand.read([], 0, { half: 'h9' })).toBe('miss');
  });

  it('of latest come from the table from where it is complete on (R5)', () => {
    const hand = new RouterByHand({ hotTailBytes: 250, newestBytes: 10_000 }, 4);
    hand.router.loadNewest([entry(2, '/a/y'), entry(4)], 0);
    hand.tail(
      4,
      9,
      [5, 6, 7, 8, 9].map((seq) => entry(seq)),
    );
    expect(hand.read(['/a/*'], 0, { mode: 'latest' })).toBe('(0,9] 2,9');
    expect(hand.read(['/a/*'], 0)).toBe('miss');
  });

  it('of latest never come from a table that does not hold the stretch', () => {
    const hand = new RouterByHand({ hotTailBytes: 250, newestBytes: 10_000 }, 4);
    hand.tail(
      4,
      9,
      [5, 6, 7, 8, 9].map((seq) => entry(seq)),
    );
    expect(hand.read(['/a/*'], 3, { mode: 'latest' })).toBe('miss');
    expect(hand.read(['/a/*'], 4, { mode: 'latest' })).toBe('(4,9] 9');
  });

  it('of latest do not come from a load that the table gave up in its midst', () => {
    const hand = new RouterByHand({ hotTailBytes: 250, newestBytes: 250 }, 4);
    hand.router.loadNewest([entry(1, '/a/p'), entry(2, '/a/q'), entry(3, '/a/r')], 0);
    expect(hand.read(['/a/*'], 0, { mode: 'latest' })).toBe('miss');
  });

  it('does not take the end of the world for an epoch', () => {
    const hand = new RouterByHand();
    hand.tail(0, 1, [entry(1)], [{ epoch: 'another1', upTo: OPEN }]);
    expect(hand.router.position).toEqual({ epoch: 'another1', seq: 1 });
  });
});
