import { currentEpoch } from '@restante/protocol';
import { expect, it } from 'vitest';
import type { TailBatch } from '../log.js';
import { openMemoryBackend } from './index.js';

const text = (body: string) => ({ mailbox: '/a', kind: 'text', data: Buffer.from(body) }) as const;

it('gives times that never go back, though the clock does', async () => {
  let now = 1_000;
  const log = await openMemoryBackend({ now: () => now }).openLog('_', { idWindowMs: 1 });
  await log.append([text('1')]);
  now = 500;
  await log.append([text('2')]);
  now = 1_500.7;
  const [outcome] = await log.append([text('3')]);
  const page = await log.readNewest({ patterns: [{ text: '/a', base: '/a', kind: 'exact' }], limit: 10, bytes: 1_000 });
  expect(page.entries.map((entry) => entry.time)).toEqual([1_000, 1_000, 1_500]);
  expect(outcome).toMatchObject({ time: 1_500 });
});

it('tells a tail of a fork before it releases an entry of the new history', async () => {
  const log = await openMemoryBackend().openLog('_', { idWindowMs: 1 });
  await log.append([text('1'), text('2'), text('3')]);
  const abort = new AbortController();
  const tail = log.tail('earliest', abort.signal)[Symbol.asyncIterator]();
  expect((await tail.next()).value).toMatchObject({ from: 0, upTo: 3 });
  const next = tail.next();
  log.fork(2);
  const forked = (await next).value as TailBatch;
  expect(forked).toMatchObject({ from: 2, upTo: 2, entries: [], head: 2 });
  expect(forked.epochs.length).toBe(2);
  await log.append([text('3 again')]);
  const fresh = (await tail.next()).value as TailBatch;
  expect(fresh).toMatchObject({ from: 2, upTo: 3 });
  expect(currentEpoch(fresh.epochs)).toBe(currentEpoch(forked.epochs));
  abort.abort();
});
