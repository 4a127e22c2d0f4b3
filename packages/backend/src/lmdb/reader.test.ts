import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Backend } from '../backend.js';
import { at, fill, KEEP_ALL, PAGE, patterns, readEvery, readLatest, seqs, store, text } from '../contract/log-harness.js';
import type { Log } from '../log.js';
import { openLmdbBackend } from './index.js';
import { Tables } from './tables.js';

/** What a page costs where mailboxes are many; what is in it is told by the contract. */

const QUIET = 2_500;
const MAILBOXES = 500;
const ROUNDS = 8;

let folder: string;
let backend: Backend;
let log: Log;

/** Entries 1 to 2,500 are of one mailbox, then come eight rounds through five hundred, then the one mailbox again. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-reader-'));
  backend = await openLmdbBackend({ folder });
  log = await backend.openLog('_', KEEP_ALL);
  await fill(log, '/quiet', QUIET);
  for (let round = 0; round < ROUNDS; round += 1) {
    await store(log, ...Array.from({ length: MAILBOXES }, (_, i) => text(`/a/${i}`, 'x')));
  }
  await fill(log, '/quiet', QUIET);
});
afterAll(async () => {
  await backend.close();
  await rm(folder, { recursive: true });
});

function upFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

async function turnsDuring(reading: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await reading();
  isOver = true;
  return turns;
}

it('looks at no names where the next entries fill a page of the newest', async () => {
  const look = vi.spyOn(Tables.prototype, 'mailboxes');
  const lastRound = QUIET + (ROUNDS - 1) * MAILBOXES;
  const page = await log.read({ patterns: patterns('/**'), after: await at(log, lastRound), mode: 'latest', limit: 200, bytes: 1e6 });
  expect(seqs(page)).toEqual(upFrom(lastRound + 1, 200));
  expect(page.next).toBe(lastRound + 200);
  expect(look).not.toHaveBeenCalled();

  const all = await readLatest(log, ['/**']);
  expect(seqs(all)).toEqual([...upFrom(lastRound + 1, MAILBOXES), all.head]);
  const next = await log.read({ patterns: patterns('/**'), after: 'earliest', mode: 'latest', limit: 3, bytes: 1e6 });
  expect(seqs(next)).toEqual(upFrom(lastRound + 1, 3));
  expect(next.next).toBe(lastRound + 3);
  const early = await log.read({
    patterns: patterns('/a/*'),
    after: 'earliest',
    mode: 'latest',
    upTo: QUIET + 600,
    limit: 450,
    bytes: 1e6,
  });
  expect(seqs(early)).toEqual(upFrom(QUIET + 101, 450));
  look.mockRestore();
});

it('lets the event loop turn while it looks into the index of many mailboxes', async () => {
  let page = await readEvery(log, ['/a/*']);
  expect(await turnsDuring(async () => (page = await readEvery(log, ['/a/*'])))).toBeGreaterThan(15);
  expect(seqs(page)).toEqual(upFrom(QUIET + 1, PAGE.limit));
  expect(page.next).toBe(QUIET + PAGE.limit);

  let newest = page;
  expect(await turnsDuring(async () => (newest = await log.readNewest({ patterns: patterns('/a/*'), ...PAGE })))).toBeGreaterThan(15);
  const last = QUIET + ROUNDS * MAILBOXES;
  expect(seqs(newest)).toEqual(upFrom(last - PAGE.limit + 1, PAGE.limit));
  expect(newest).toMatchObject({ start: last - PAGE.limit, next: newest.head });
});

it('asks an index of patterns, however many these are', async () => {
  const many = ['/quiet', ...Array.from({ length: 3_000 }, (_, i) => `/none/${i}`)];
  expect(seqs(await readEvery(log, many))).toEqual(upFrom(1, PAGE.limit));
  const newest = await log.readNewest({ patterns: patterns(...many), ...PAGE });
  expect(seqs(newest)).toEqual(upFrom(newest.head - PAGE.limit + 1, PAGE.limit));
});
