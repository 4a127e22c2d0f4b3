import { parsePattern } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { E, entry, forkedAt, ONE_EPOCH } from '../../testing/by-hand.js';
import { DELIVERY, type DeliveryLimits, type PageAnswer, type PageRequest, type Read, WIRE_VERSION } from '../index.js';
import { PageReads } from './page-reads.js';

/** Reads of pages: shared, few at a time, kept for a while. */
class ReadsByHand {
  readonly asked: Read[] = [];
  readonly cold: { readonly id: number; readonly request: PageRequest }[] = [];
  readonly got: (PageAnswer | 'failed')[] = [];
  readonly reads: PageReads;
  hasRouter = false;
  /** Since when everything comes as frames. */
  since: number | undefined = 0;

  constructor(limits: Partial<DeliveryLimits> = {}) {
    const name = { version: WIRE_VERSION, log: 'a', edge: 'edge', attempt: 1, half: 'h1' };
    this.reads = new PageReads({
      log: 'a',
      limits: { ...DELIVERY, ...limits },
      isHeld: (_patterns, seq) => this.since !== undefined && this.since <= seq,
      router: () => (this.hasRouter ? { instance: 'R1', name } : undefined),
      effects: {
        askRouter: (_instance, read) => this.asked.push(read),
        readLog: (id, request) => this.cold.push({ id, request }),
      },
    });
  }

  read(after: number, cursor = after, pattern = '/a/x', now = 0): void {
    const request = { patterns: [parsePattern(pattern)], mode: 'every', epoch: E, after } as const;
    this.reads.read(request, cursor, now, (got) => this.got.push(got));
  }

  /** Answers the oldest read of the log. */
  answer(over: Partial<PageAnswer> | 'failed'): void {
    const read = this.cold.shift();
    if (read !== undefined) this.reads.fromLog(read.id, over === 'failed' ? over : page(read.request.after, over));
  }
}

function page(start: number, over: Partial<PageAnswer> = {}): PageAnswer {
  return { epochs: ONE_EPOCH, start, next: start + 4, head: start + 99, complete: true, entries: [entry(start + 1)], ...over };
}

describe('reads of pages', () => {
  it('are one for all who want the same page, and so is the page, and what was encoded of it', () => {
    const hand = new ReadsByHand();
    for (let i = 0; i < 3; i += 1) hand.read(0);
    expect(hand.cold).toHaveLength(1);
    hand.answer({});
    hand.read(0);
    expect(new Set(hand.got).size).toBe(1);
    expect([hand.got.length, hand.cold.length]).toEqual([4, 0]);
  });

  it('are apart for other patterns, modes, epochs and starts', () => {
    const hand = new ReadsByHand();
    hand.read(0);
    hand.read(4);
    hand.read(0, 0, '/a/y');
    expect(hand.cold).toHaveLength(3);
  });

  it('go to the log few at a time, in the order in which they were asked for', () => {
    const hand = new ReadsByHand({ coldReadsMax: 2 });
    for (const after of [0, 4, 8, 12]) hand.read(after);
    expect(hand.cold.map(({ request }) => request.after)).toEqual([0, 4]);
    hand.answer({});
    expect(hand.cold.map(({ request }) => request.after)).toEqual([4, 8]);
    hand.answer('failed');
    expect(hand.cold.map(({ request }) => request.after)).toEqual([8, 12]);
    expect(hand.got[1]).toBe('failed');
  });

  it('use an open page again only for who has not been at its end', () => {
    const hand = new ReadsByHand();
    hand.read(0);
    hand.answer({ next: 3, head: 3 });
    hand.read(0, 2);
    expect(hand.cold).toHaveLength(0);
    hand.read(0, 3);
    expect(hand.cold).toHaveLength(1);
  });

  it('use a full page again for whoever begins at its start', () => {
    const hand = new ReadsByHand();
    hand.read(0);
    hand.answer({ next: 3 });
    hand.read(0, 3);
    expect(hand.cold).toHaveLength(0);
  });

  it('use no page that a purge may have passed while nobody was interested', () => {
    const hand = new ReadsByHand();
    hand.read(0);
    hand.answer({ next: 3, head: 5 });
    // The last reader left, and one came back after the log had moved on.
    hand.since = 6;
    hand.read(0);
    expect(hand.cold).toHaveLength(1);
    hand.answer({ next: 3, head: 7 });
    hand.since = undefined;
    hand.read(0);
    expect(hand.cold).toHaveLength(1);
  });

  it('keep nothing that is not what was asked for', () => {
    const hand = new ReadsByHand();
    const others: Partial<PageAnswer>[] = [{ start: 2, complete: false, reason: 'retention' }, { epochs: forkedAt(9) }];
    for (const other of others) {
      hand.read(0);
      hand.answer(other);
    }
    hand.read(0);
    expect(hand.cold).toHaveLength(1);
  });

  it('forget the pages that were used longest ago, when there is no room for all', () => {
    const hand = new ReadsByHand({ pageCacheBytes: 1_000 });
    for (const after of [0, 4]) {
      hand.read(after);
      hand.answer({});
    }
    hand.read(0);
    hand.read(8);
    hand.answer({});
    hand.read(0);
    expect(hand.cold).toEqual([]);
    hand.read(4);
    expect(hand.cold).toHaveLength(1);
  });

  it('forget everything upon a purge, and do not keep what is under way then', () => {
    const hand = new ReadsByHand();
    hand.read(0);
    hand.answer({});
    hand.read(4);
    hand.reads.clear();
    hand.read(4);
    hand.read(0);
    expect(hand.cold).toHaveLength(3);
    hand.answer({});
    expect(hand.got).toHaveLength(2);
    hand.read(4);
    expect(hand.got).toHaveLength(2);
  });

  it('go to the router first, and to the log when it does not hold the stretch or does not answer', () => {
    const hand = new ReadsByHand();
    hand.hasRouter = true;
    hand.read(0);
    hand.read(4);
    hand.read(8);
    const [first, second, third] = hand.asked;
    hand.reads.fromRouter(first?.id ?? 0, page(0));
    hand.reads.fromRouter(second?.id ?? 0, 'miss');
    expect([hand.got.length, hand.cold.length]).toEqual([1, 1]);
    hand.reads.tick(DELIVERY.readWaitMs);
    expect(hand.cold).toHaveLength(2);
    // It comes after all: the log has the word now.
    hand.reads.fromRouter(third?.id ?? 0, page(8));
    expect(hand.got).toHaveLength(1);
    hand.answer({});
    hand.answer({});
    expect(hand.got).toHaveLength(3);
  });

  it('take an answer once', () => {
    const hand = new ReadsByHand();
    hand.hasRouter = true;
    hand.read(0);
    for (let i = 0; i < 2; i += 1) hand.reads.fromRouter(hand.asked[0]?.id ?? 0, page(0));
    expect(hand.got).toHaveLength(1);
  });

  it('of a mend name no patterns to the router, which knows those of its link, and are shared with nobody', () => {
    const hand = new ReadsByHand();
    hand.hasRouter = true;
    const request = { patterns: [parsePattern('/a/x')], mode: 'every', epoch: E, after: 0 } as const;
    for (let i = 0; i < 2; i += 1) hand.reads.readForLink(request, 0, (got) => hand.got.push(got));
    expect(hand.asked.map(({ patterns }) => patterns)).toEqual([[], []]);
    hand.reads.fromRouter(hand.asked[0]?.id ?? 0, 'miss');
    expect(hand.cold.map((read) => read.request.patterns)).toEqual([request.patterns]);
  });
});
