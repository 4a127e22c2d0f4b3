import { type Entry, matches, parsePattern } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entry } from '../testing/by-hand.js';
import { NewestTable } from './newest-table.js';

function read(table: NewestTable, pattern: string, after: number, limit = 100): string {
  const page = table.read({ patterns: [parsePattern(pattern)], after, upTo: 1_000, mode: 'latest', limit, bytes: 1_000_000 });
  return `${page.entries.map(({ seq }) => seq).join(',')} to ${page.next}`;
}

describe('the table of newest entries', () => {
  it('holds the newest of every mailbox, in whatever order they were set', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom('/a/x', '/a/y', '/b')), { selector: ([seq]) => seq }),
        fc.nat({ max: 200 }),
        (sets, after) => {
          const table = new NewestTable(1_000_000, 0);
          for (const [seq, mailbox] of sets) table.set(entry(seq, mailbox));
          const newest = new Map<string, Entry>();
          for (const [seq, mailbox] of [...sets].sort(([a], [b]) => a - b)) newest.set(mailbox, entry(seq, mailbox));
          const wanted = [...newest.values()]
            .filter((e) => e.seq > after && matches(parsePattern('/a/*'), e.mailbox))
            .map(({ seq }) => seq);
          expect(read(table, '/a/*', after)).toBe(`${wanted.sort((a, b) => a - b).join(',')} to 1000`);
        },
      ),
    );
  });

  it('gives pages that can be resumed half-way', () => {
    const table = new NewestTable(1_000_000, 0);
    for (const [seq, name] of [
      [3, '/a/x'],
      [1, '/a/y'],
      [2, '/a/z'],
    ] as const)
      table.set(entry(seq, name));
    expect(read(table, '/a/*', 0, 2)).toBe('1,2 to 2');
    expect(read(table, '/a/*', 2, 2)).toBe('3 to 1000');
  });

  it('gives up at its limit, and answers only for what comes after', () => {
    const table = new NewestTable(250, 0);
    for (const seq of [1, 2, 3]) table.set(entry(seq, `/a/${seq}`));
    expect([table.since, read(table, '/a/*', 3)]).toEqual([3, ' to 1000']);
    table.set(entry(4));
    expect(read(table, '/a/*', 3)).toBe('4 to 1000');
  });

  it('is not complete from where a load began that was overtaken by a reset', () => {
    const table = new NewestTable(10_000, 8);
    table.set(entry(2));
    table.reset(5);
    table.set(entry(4, '/a/y'));
    table.completeSince(0);
    expect(table.since).toBe(5);
  });
});
