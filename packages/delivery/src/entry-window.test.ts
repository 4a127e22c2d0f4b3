import { type Entry, entryBytes, matches, parsePattern } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entry } from '../testing/by-hand.js';
import { EntryWindow } from './entry-window.js';

/** The window, said naively: what was pushed and neither evicted, erased nor cut off. */
class NaiveWindow {
  entries: Entry[] = [];
  floor = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.entries.reduce((sum, e) => sum + entryBytes(e), 0);
  }

  push(e: Entry): void {
    if (e.kind === 'purged') this.entries = this.entries.filter(({ mailbox }) => mailbox !== e.mailbox);
    this.entries.push(e);
    while (this.bytes > this.#bytesMax && this.entries.length > 1) this.floor = this.entries.shift()?.seq ?? 0;
  }

  raiseFloor(seq: number): void {
    this.entries = this.entries.filter((e) => e.seq > seq);
    this.floor = Math.max(this.floor, seq);
  }

  read(after: number, upTo: number, patterns: readonly string[], mode: 'every' | 'latest'): Entry[] {
    const wanted = this.entries.filter((e) => e.seq > after && e.seq <= upTo && patterns.some((p) => matches(parsePattern(p), e.mailbox)));
    return mode === 'every' ? wanted : wanted.filter((e) => !wanted.some((newer) => newer.mailbox === e.mailbox && newer.seq > e.seq));
  }
}

const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      skip: fc.nat({ max: 2 }),
      mailbox: fc.constantFrom('/a/x', '/a/y', '/b'),
      bytes: fc.nat({ max: 60 }),
      purged: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('raise' as const), by: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('begin' as const), back: fc.nat({ max: 5 }) }) },
);

describe('the window', () => {
  it('holds and answers what a naive one does', () => {
    const queries = fc.array(
      fc.record({
        patterns: fc.uniqueArray(fc.constantFrom('/a/x', '/a/y', '/a/*', '/**'), { minLength: 1, maxLength: 3 }),
        mode: fc.constantFrom('every' as const, 'latest' as const),
        above: fc.nat({ max: 20 }),
        length: fc.nat({ max: 30 }),
        limit: fc.integer({ min: 1, max: 5 }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 1, max: 3_000 }),
        queries,
        (steps, bytesMax, asked) => {
          const window = new EntryWindow(bytesMax, 0);
          const naive = new NaiveWindow(bytesMax);
          let seq = 0;
          for (const s of steps) {
            if (s.do === 'push') {
              seq += 1 + s.skip;
              const e = entry(seq, s.mailbox, s.purged ? { kind: 'purged', data: new Uint8Array() } : { data: new Uint8Array(s.bytes) });
              window.push(e);
              naive.push(e);
            } else if (s.do === 'raise') {
              const to = naive.floor + s.by;
              seq = Math.max(seq, to);
              window.raiseFloor(to);
              naive.raiseFloor(to);
            } else {
              seq = Math.max(0, seq - s.back);
              window.beginAt(seq);
              naive.entries = [];
              naive.floor = seq;
            }
            expect([window.floor, window.bytes, window.size]).toEqual([naive.floor, naive.bytes, naive.entries.length]);
          }
          for (const { patterns, mode, above, length, limit } of asked) {
            const after = naive.floor + above;
            const upTo = after + length;
            const page = window.read({ patterns: patterns.map(parsePattern), after, upTo, mode, limit, bytes: 1_000_000 });
            const all = naive.read(after, upTo, patterns, mode);
            expect(page.entries).toEqual(all.slice(0, limit));
            expect(page.next).toBe(all.length > limit ? all[limit - 1]?.seq : upTo);
          }
        },
      ),
    );
  });

  it('keeps one entry, however large', () => {
    const window = new EntryWindow(10, 0);
    window.push(entry(1));
    window.push(entry(2));
    expect([window.size, window.floor]).toEqual([1, 1]);
  });

  it('cuts a page by bytes, but gives at least one entry', () => {
    const window = new EntryWindow(10_000, 0);
    for (const seq of [1, 2, 3]) window.push(entry(seq));
    const request = { patterns: [parsePattern('/a/x')], after: 0, upTo: 3, mode: 'every', limit: 10 } as const;
    expect(window.read({ ...request, bytes: 1 }).next).toBe(1);
    expect(window.read({ ...request, bytes: 2 * entryBytes(entry(1)) }).next).toBe(2);
  });

  it('erases what a purge erases, and answers with the purge', () => {
    const window = new EntryWindow(10_000, 0);
    window.push(entry(1));
    window.push(entry(2, '/a/y'));
    window.push(entry(3, '/a/x', { kind: 'purged', data: new Uint8Array() }));
    const page = window.read({ patterns: [parsePattern('/a/*')], after: 0, upTo: 3, mode: 'every', limit: 10, bytes: 1_000 });
    expect(page.entries.map(({ seq, kind }) => `${seq} ${kind}`)).toEqual(['2 text', '3 purged']);
  });
});
