import { entryBytes, matches, type NewEntry, type Pattern } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Log, LogPage, LogPolicy } from '../log.js';
import { at, eventually, type LogAdapter, type LogHarness, patterns, seqs, store, stored, storedBytes, text } from './log-harness.js';

/** Random appends, purges, retention, restarts and reads against a model that is a list. */

const MAILBOXES = ['/a', '/a/b', '/a/b/c', '/a/d', '/b', '/service/x'];
const PATTERNS = ['/a', '/a/b', '/a/*', '/a/**', '/b', '/*', '/**', '/none', '/service/x'];
const IDS = ['i', 'j', 'k'];
/** About a dozen entries, so that retention removes something in most runs. */
const POLICY: LogPolicy = { idWindowMs: 600_000, bytes: 12 * 110 };

interface Listed {
  readonly seq: number;
  readonly entry: NewEntry;
  readonly bytes: number;
}

class Model {
  listed: Listed[] = [];
  floor = 0;
  readonly #bytesOf: (entry: NewEntry, forgotten?: number) => number;
  /** Where each id of a mailbox was stored last. */
  readonly #ids = new Map<string, number>();

  constructor(bytesOf: (entry: NewEntry, forgotten?: number) => number) {
    this.#bytesOf = bytesOf;
  }

  append(seq: number, entry: NewEntry): void {
    const key = `${entry.mailbox} ${entry.id}`;
    this.listed.push({ seq, entry, bytes: this.#bytesOf(entry, entry.id === undefined ? undefined : this.#ids.get(key)) });
    this.#ids.set(key, seq);
    this.#retain();
  }

  purge(mailbox: string, seq: number, erasesLast: boolean): void {
    if (erasesLast) this.append(seq, { mailbox, kind: 'purged', data: new Uint8Array() });
    this.listed = this.listed.filter((one) => one.entry.mailbox !== mailbox || one.seq === seq);
    if (!erasesLast) this.append(seq, { mailbox, kind: 'purged', data: new Uint8Array() });
  }

  holds(mailbox: string, id: string): boolean {
    return this.listed.some(({ entry }) => entry.mailbox === mailbox && entry.id === id);
  }

  matching(wanted: readonly Pattern[], after: number, upTo: number): number[] {
    return this.#within(wanted, after, upTo).map(({ seq }) => seq);
  }

  newest(wanted: readonly Pattern[], after: number, upTo: number): number[] {
    const newest = new Map(this.#within(wanted, 0, upTo).map(({ seq, entry }) => [entry.mailbox, seq]));
    return [...newest.values()].filter((seq) => seq > after).sort((a, b) => a - b);
  }

  #within(wanted: readonly Pattern[], after: number, upTo: number): Listed[] {
    return this.listed.filter(({ seq, entry }) => seq > after && seq <= upTo && wanted.some((pattern) => matches(pattern, entry.mailbox)));
  }

  #retain(): void {
    let bytes = this.listed.reduce((sum, one) => sum + one.bytes, 0);
    for (let [oldest] = this.listed; oldest !== undefined && bytes > (POLICY.bytes as number); [oldest] = this.listed) {
      bytes -= oldest.bytes;
      this.floor = oldest.seq;
      this.listed.shift();
    }
  }
}

const message = fc.record({
  mailbox: fc.constantFrom(...MAILBOXES),
  id: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
  size: fc.nat(40),
});
const reading = {
  wanted: fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 3 }),
  limit: fc.integer({ min: 1, max: 8 }),
  bytes: fc.integer({ min: 1, max: 900 }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
};
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), messages: fc.array(message, { minLength: 1, maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), mailbox: fc.constantFrom(...MAILBOXES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('every' as const, 'latest' as const, 'newest' as const), ...reading }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Reading = Extract<Step, { readonly do: 'every' | 'latest' | 'newest' }>;

export function describeAgainstModel(adapter: LogAdapter): void {
  describe('against a model', () => {
    it('answers random readings as a list would, among random appends, purges, retention and restarts', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const harness = await adapter.open();
          try {
            await run(adapter, harness, steps);
          } finally {
            await harness.close();
          }
        }),
        { numRuns: 25 },
      );
    }, 120_000);
  });
}

async function run(adapter: LogAdapter, harness: LogHarness, steps: readonly Step[]): Promise<void> {
  const model = new Model((entry, forgotten) => storedBytes(adapter, entry, forgotten));
  let log = await harness.openLog('_', POLICY);
  for (const one of steps) {
    if (one.do === 'append') {
      for (const { mailbox, id, size } of one.messages) await append(log, model, text(mailbox, 'x'.repeat(size), id));
    } else if (one.do === 'purge') {
      model.purge(one.mailbox, (await log.purge(one.mailbox)).seq, adapter.erasesLast === true);
      await settled(log, model);
    } else if (one.do === 'restart') {
      if (!adapter.durable) continue;
      await harness.restart();
      log = await harness.openLog('_', POLICY);
    } else {
      await compare(log, model, one);
    }
  }
}

async function append(log: Log, model: Model, entry: NewEntry): Promise<void> {
  const known = entry.id !== undefined && model.holds(entry.mailbox, entry.id);
  const [outcome] = await store(log, entry);
  expect(outcome?.duplicate).toBe(known);
  if (outcome !== undefined && !known) model.append(stored(outcome).position.seq, entry);
  await settled(log, model);
}

async function settled(log: Log, model: Model): Promise<void> {
  await eventually(
    () => log.state(),
    ({ floor }) => floor === model.floor,
  );
}

async function compare(log: Log, model: Model, { do: mode, wanted, limit, bytes, from, to }: Reading): Promise<void> {
  const { head } = await log.state();
  const after = Math.min(head, Math.floor(from * (head + 1)));
  const upTo = Math.floor(to * (head + 1));
  const matching = patterns(...wanted);
  let page: LogPage;
  let expected: number[];
  if (mode === 'newest') {
    page = await log.readNewest({ patterns: matching, before: await at(log, after), limit, bytes });
    if (after >= model.floor) expect(page.next).toBe(Math.max(model.floor, after - 1));
    expected = model.matching(matching, page.start, page.next);
  } else {
    page = await log.read({ patterns: matching, after: await at(log, after), upTo, mode, limit, bytes });
    expect(page.start).toBe(Math.max(after, model.floor));
    expect(page.next).toBeLessThanOrEqual(Math.max(upTo, page.start));
    expected =
      mode === 'every' ? model.matching(matching, page.start, page.next) : newestUpTo(model, matching, page, Math.max(upTo, page.start));
  }
  expect(seqs(page)).toEqual(expected);
  expect(page.complete).toBe(after >= model.floor);
  expectFilled(page, model, { mode, limit, bytes, upTo: Math.min(head, upTo), matching });
}

/** A page of `latest` that ends early holds those of the whole snapshot that lie before its end. */
function newestUpTo(model: Model, matching: readonly Pattern[], page: LogPage, upTo: number): number[] {
  return model.newest(matching, page.start, upTo).filter((seq) => seq <= page.next);
}

interface Limits {
  readonly mode: 'every' | 'latest' | 'newest';
  readonly limit: number;
  readonly bytes: number;
  readonly upTo: number;
  readonly matching: readonly Pattern[];
}

/** A page keeps its limits, and ends early only because of them. */
function expectFilled(page: LogPage, model: Model, { mode, limit, bytes, upTo, matching }: Limits): void {
  const size = page.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  expect(page.entries.length).toBeLessThanOrEqual(limit);
  if (page.entries.length > 1) expect(size).toBeLessThanOrEqual(bytes);
  const early = mode === 'newest' ? page.start > page.floor : page.next < upTo;
  if (!early || page.entries.length >= limit) return;
  const left =
    mode === 'newest'
      ? model.matching(matching, 0, page.start).at(-1)
      : (mode === 'every' ? model.matching(matching, page.next, upTo) : model.newest(matching, page.next, upTo))[0];
  const next = model.listed.find(({ seq }) => seq === left);
  expect(next, 'a page that ends early, with room').toBeDefined();
  if (next !== undefined) expect(size + entryBytes(next.entry)).toBeGreaterThan(bytes);
}
