import { type Cursor, entryBytes, parsePattern } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fixture, httpFixture, publicNamespaces } from '../testing/fixture.js';
import type { PageAfter } from './page-request.js';
import { type Located, readPage } from './pages.js';

const LOGS = ['a', 'b', 'c'];

/** Messages by log, in the order in which they are stored; some at the same millisecond. */
const stored = fc.array(
  fc.record({
    log: fc.constantFrom(...LOGS),
    mailbox: fc.constantFrom('x', 'y'),
    bytes: fc.nat({ max: 400 }),
    laterMs: fc.nat({ max: 2 }),
  }),
  { maxLength: 40 },
);
const limits = fc.record({ limit: fc.integer({ min: 1, max: 12 }), bytesMax: fc.integer({ min: 1, max: 2_000 }) });

type Stored = typeof stored extends fc.Arbitrary<infer T> ? T : never;

async function filled(messages: Stored): Promise<Fixture> {
  const fixture = await httpFixture({ policies: publicNamespaces(...LOGS) });
  for (const { log, mailbox, bytes, laterMs } of messages) {
    fixture.advance(laterMs);
    await fixture.logs.get(log)?.append([{ mailbox: `/${log}/${mailbox}`, kind: 'text', data: Buffer.alloc(bytes, 'x') }]);
  }
  return fixture;
}

function wanted(mode: 'every' | 'latest', limit: number, after: Cursor | 'earliest'): PageAfter {
  return { direction: 'after', pattern: parsePattern('/**'), logs: LOGS, limit, mode, waitMs: 0, after };
}

const bytesIn = (entries: readonly Located[]) => entries.reduce((bytes, { entry }) => bytes + entryBytes(entry), 0);
const placeOf = ({ log, entry }: Located) => `${log} ${entry.seq}`;

describe('pages over several logs', () => {
  it.each(['every', 'latest'] as const)('hold each entry once, each log in its order, in pages of any size: %s', async (mode) => {
    await fc.assert(
      fc.asyncProperty(stored, limits, async (messages, { limit, bytesMax }) => {
        const { logs } = await filled(messages);
        const whole = await readPage(logs, wanted(mode, 1_000, 'earliest'), 1_000_000);
        const seen: Located[] = [];
        let page = await readPage(logs, wanted(mode, limit, 'earliest'), bytesMax);
        while (page.entries.length > 0) {
          expect(page.entries.length).toBeLessThanOrEqual(limit);
          if (page.entries.length > 1) expect(bytesIn(page.entries)).toBeLessThanOrEqual(bytesMax);
          expect(page.complete).toBe(true);
          expect([...page.next.keys()]).toEqual(LOGS);
          seen.push(...page.entries);
          page = await readPage(logs, wanted(mode, limit, page.next), bytesMax);
        }
        expect(page.next).toEqual(whole.next);
        expect(seen.map(placeOf).sort()).toEqual(whole.entries.map(placeOf).sort());
        for (const log of LOGS) {
          const seqs = seen.filter((located) => located.log === log).map(({ entry }) => entry.seq);
          expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are in the order of time where they fit into one', async () => {
    await fc.assert(
      fc.asyncProperty(stored, async (messages) => {
        const { logs } = await filled(messages);
        const { entries } = await readPage(logs, wanted('every', 1_000, 'earliest'), 1_000_000);
        const times = entries.map(({ entry }) => entry.time);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
      { numRuns: 20 },
    );
  });
});
