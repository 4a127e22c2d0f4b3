import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryBytes, type RestanteError } from '@restante/protocol';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Backend } from '../backend.js';
import {
  at,
  bodies,
  eventually,
  fill,
  KEEP_ALL,
  PAGE,
  patterns,
  readEvery,
  readLatest,
  seqs,
  store,
  takeTail,
  text,
} from '../contract/log-harness.js';
import type { AppendOutcome, Log, TailBatch } from '../log.js';
import { type LmdbBackendOptions, openLmdbBackend } from './index.js';

/** What is special to LMDB: the flush, the lock, the reserve, and what a folder says of its past. */

let folder: string;
const backends: Backend[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-lmdb-'));
});
afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.close();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<LmdbBackendOptions> = {}): Promise<Backend> {
  const backend = await openLmdbBackend({ folder, tailHeartbeatMs: 20, retentionIntervalMs: 20, ...options });
  backends.push(backend);
  return backend;
}

async function close(backend: Backend): Promise<void> {
  backends.splice(backends.indexOf(backend), 1);
  await backend.close();
}

/** What lies in the tables, past every gate that the adapter puts before them. Only while the adapter is closed. */
async function inTables<T>(look: (table: (name: string, encoding?: 'json') => ReturnType<typeof openLmdb>) => T | Promise<T>): Promise<T> {
  const env = openLmdb({ path: folder, maxDbs: 8, noSubdir: false });
  const result = await look(
    (name, encoding) =>
      env.openDB(name, encoding === undefined ? { encoding: 'binary', keyEncoding: 'binary' } : { encoding }) as ReturnType<
        typeof openLmdb
      >,
  );
  await env.close();
  return result;
}

function codes(outcomes: readonly AppendOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.ok ? 'stored' : outcome.error.code));
}

/** A flush that waits until it is let go. */
function heldFlush() {
  let held = false;
  const waiting: (() => void)[] = [];
  return {
    hold() {
      held = true;
    },
    letGo() {
      held = false;
      for (const go of waiting.splice(0)) go();
    },
    isReached: () => waiting.length > 0,
    afterFlush: () => (held ? new Promise<void>((resolve) => waiting.push(resolve)) : Promise.resolve()),
  };
}

describe('the flush', () => {
  it.each(['disk', 'process'] as const)('neither acknowledges nor shows anything before it (%s)', async (durability) => {
    const flush = heldFlush();
    const backend = await open({ durability, afterFlush: flush.afterFlush });
    const log = await backend.openLog('_', KEEP_ALL);
    await store(log, text('/a', 'before'));
    const abort = new AbortController();
    const batches: TailBatch[] = [];
    const tail = (async () => {
      for await (const batch of log.tail('earliest', abort.signal)) batches.push(batch);
    })();

    flush.hold();
    let acknowledged = false;
    const append = log.append([text('/a', 'held'), text('/b', 'held')]).then(() => {
      acknowledged = true;
    });
    await eventually(async () => flush.isReached(), Boolean);
    const beats = batches.length;
    await eventually(
      async () => batches.length,
      (length) => length >= beats + 3,
    );

    expect(acknowledged).toBe(false);
    expect(await log.state()).toMatchObject({ head: 1 });
    expect(await readEvery(log, ['/**'])).toMatchObject({ head: 1, next: 1 });
    expect(bodies(await readEvery(log, ['/**']))).toEqual(['before']);
    expect(bodies(await readEvery(log, ['/b']))).toEqual([]);
    expect(bodies(await readLatest(log, ['/**']))).toEqual(['before']);
    expect(bodies(await log.readNewest({ patterns: patterns('/a'), ...PAGE }))).toEqual(['before']);
    expect(await log.verify(await at(log, 2))).toBe(false);
    expect(batches.every((batch) => batch.upTo <= 1 && batch.head <= 1)).toBe(true);

    flush.letGo();
    await append;
    expect(bodies(await readEvery(log, ['/**']))).toEqual(['before', 'held', 'held']);
    await eventually(
      async () => batches.at(-1)?.upTo,
      (upTo) => upTo === 3,
    );
    abort.abort();
    await tail;
  });

  it('refuses what exceeds the queue, and what comes after a failed commit', async () => {
    const flush = heldFlush();
    const fatal: unknown[] = [];
    let broken = false;
    const backend = await open({
      waitingBytesMax: 1_000,
      onFatal: (error) => fatal.push(error),
      async afterFlush() {
        await flush.afterFlush();
        if (broken) throw new Error('planted');
      },
    });
    const log = await backend.openLog('_', KEEP_ALL);
    flush.hold();
    const first = log.append([text('/a', 'x')]);
    await eventually(async () => flush.isReached(), Boolean);
    const alone = log.append([text('/a', 'y'.repeat(5_000))]);
    const refused = await log.append([text('/a', 'z')]);
    expect(codes(refused)).toEqual(['OVERLOADED']);
    flush.letGo();
    expect(codes(await first)).toEqual(['stored']);
    expect(codes(await alone)).toEqual(['stored']);

    broken = true;
    expect(codes(await log.append([text('/a', 'x'), text('/b', 'x')]))).toEqual(['LOG_UNAVAILABLE', 'LOG_UNAVAILABLE']);
    expect(fatal.length).toBe(1);
    broken = false;
    expect(codes(await log.append([text('/a', 'x')]))).toEqual(['LOG_UNAVAILABLE']);
    await expect(log.purge('/a')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect((await log.state()).head).toBe(2);
  });
});

describe('the reserve', () => {
  it('refuses publishes below it, and reads on', async () => {
    const roomy = await open();
    await store(await roomy.openLog('_', KEEP_ALL), text('/a', '1'));
    await close(roomy);
    const full = await open({ reserveBytes: Number.MAX_SAFE_INTEGER });
    const log = await full.openLog('_', { ...KEEP_ALL, bytes: 1 });
    expect(codes(await log.append([text('/a', '2')]))).toEqual(['LOG_FULL']);
    await expect(log.purge('/a')).rejects.toMatchObject({ code: 'LOG_FULL' });
    expect((await readEvery(log, ['/a'])).head).toBe(1);
    // Retention frees space, so it may use what is kept in reserve.
    await eventually(
      () => log.state(),
      ({ floor }) => floor === 1,
    );
  });
});

describe('the folder', () => {
  it('is refused to a second one, in this process too, and free again after close', async () => {
    const first = await open();
    await expect(openLmdbBackend({ folder })).rejects.toMatchObject({ code: 'DATA_IN_USE' } satisfies Partial<RestanteError>);
    await close(first);
    await close(await open());
  });

  it('of a newer format is refused, and not locked by the attempt', async () => {
    await close(await open());
    await inTables((table) => table('records', 'json').put('format', { version: 2 }));
    await expect(openLmdbBackend({ folder })).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    await inTables((table) => table('records', 'json').put('format', { version: 1 }));
    await close(await open());
  });

  it('whose newest entry is not the recorded one is refused', async () => {
    const backend = await open();
    await store(await backend.openLog('_', KEEP_ALL), text('/a', '1'), text('/a', '2'));
    await close(backend);
    await inTables(async (table) => {
      const entries = table('entries');
      const [last] = [...entries.getKeys({ start: Buffer.from([255]), reverse: true, limit: 1 })];
      if (last !== undefined) await entries.remove(last);
    });
    const again = await open();
    await expect(again.openLog('_', KEEP_ALL)).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
  });

  it('gets new epochs when the machine was booted since, and the last process did not wait for the disk', async () => {
    const before = await open({ durability: 'process' });
    const log = await before.openLog('_', KEEP_ALL);
    await store(log, text('/a', '1'), text('/a', '2'));
    const epochs = (await log.state()).epochs;
    await close(before);

    const same = await open({ durability: 'process' });
    expect((await (await same.openLog('_', KEEP_ALL)).state()).epochs).toEqual(epochs);
    await close(same);

    await inTables((table) => table('records', 'json').put('opened', { boot: 'another boot', durability: 'process' }));
    const after = await open({ durability: 'disk' });
    const forked = await (await after.openLog('_', KEEP_ALL)).state();
    expect(forked.epochs).toMatchObject([{ epoch: epochs[0]?.epoch, upTo: 2 }, {}]);
    await close(after);

    await inTables((table) => table('records', 'json').put('opened', { boot: 'another boot', durability: 'disk' }));
    const flushed = await open({ durability: 'process' });
    expect((await (await flushed.openLog('_', KEEP_ALL)).state()).epochs).toEqual(forked.epochs);
  });
});

describe('a purge of many entries', () => {
  it('hides them at once, erases them in steps, and goes on after a restart', async () => {
    const first = await open();
    const log = await first.openLog('_', KEEP_ALL);
    await store(log, text('/b', 'kept', 'id'));
    for (let i = 0; i < 9; i += 1) await fill(log, '/a', 1_000);
    await store(log, text('/a', 'newest', 'id'));
    await log.purge('/a');
    await expectPurged(log);
    await close(first);
    const left = await inTables((table) => table('entries').getCount());
    expect(left).toBeGreaterThan(1_000);
    expect(left).toBeLessThan(9_000);

    let commits = 0;
    const second = await open({
      retentionIntervalMs: 50,
      async afterFlush() {
        commits += 1;
      },
    });
    const reopened = await second.openLog('_', KEEP_ALL);
    expect(commits).toBe(0);
    await expectPurged(reopened);
    await eventually(
      async () => commits,
      (count) => count >= Math.ceil(left / 1_000),
    );
    await expectPurged(reopened);
    const [again] = await store(reopened, text('/a', 'again', 'id'));
    expect(again?.duplicate).toBe(false);
    await close(second);
    const kept = [text('/b', 'kept', 'id'), { ...text('/a', ''), kind: 'purged' as const }, text('/a', 'again', 'id')];
    await inTables((table) => {
      for (const name of ['entries', 'index']) expect(table(name).getCount()).toBe(kept.length);
      expect(table('ids').getCount()).toBe(2);
      expect(table('purges').getCount()).toBe(0);
      expect(table('records', 'json').get('log _')).toMatchObject({ bytes: kept.reduce((sum, entry) => sum + entryBytes(entry), 0) });
    });
  });

  async function expectPurged(log: Log): Promise<void> {
    const { head } = await log.state();
    const kept = [1, head];
    for (const texts of [['/**'], ['/a', '/b']]) {
      expect(seqs(await readEvery(log, texts))).toEqual(kept);
      expect(seqs(await readLatest(log, texts))).toEqual(kept);
      expect(seqs(await log.readNewest({ patterns: patterns(...texts), ...PAGE }))).toEqual(kept);
    }
    const upTo = { patterns: patterns('/a'), after: 'earliest', upTo: head - 1, ...PAGE } as const;
    expect(seqs(await log.read({ ...upTo, mode: 'every' }))).toEqual([]);
    expect(seqs(await log.read({ ...upTo, mode: 'latest' }))).toEqual([]);
    expect((await takeTail(log, 'earliest', (_, batch) => batch.upTo === head)).map((entry) => entry.seq)).toEqual(kept);
  }
});

describe('what is kept', () => {
  it('gives times that never go back, over a restart with a clock that was set back', async () => {
    const first = await open({ now: () => 9_000 });
    await store(await first.openLog('_', KEEP_ALL), text('/a', '1'));
    await close(first);
    const second = await open({ now: () => 5_000 });
    const [outcome] = await store(await second.openLog('_', KEEP_ALL), text('/a', '2'));
    expect(outcome?.time).toBe(9_000);
  });

  it('tells once that its time is ahead of the clock', async () => {
    let now = 10_000_000;
    const told: unknown[] = [];
    const backend = await open({ now: () => now, onTimeAhead: (...of) => told.push(of) });
    const log = await backend.openLog('_', KEEP_ALL);
    await store(log, text('/a', '1'));
    now -= 60_000;
    await store(await backend.openLog('other', KEEP_ALL), text('/a', '1'));
    now -= 1;
    await eventually(
      async () => told.length,
      (count) => count > 0,
    );
    now -= 10_000;
    expect((await store(log, text('/a', '2')))[0]?.time).toBe(10_000_000);
    await close(backend);
    expect(told).toEqual([['_', 60_001]]);
  });

  it('leaves nothing behind of what retention and purges removed, and counts the rest exactly', async () => {
    const backend = await open();
    const log = await backend.openLog('_', { idWindowMs: 60_000, bytes: 600 });
    for (let i = 0; i < 30; i += 1) await store(log, text(`/a/${i % 7}`, 'x', `id-${i}`), text('/p', 'x', `id-${i}`));
    await log.purge('/p');
    const { floor } = await eventually(
      () => log.state(),
      (state) => state.head - state.floor < 12,
    );
    const kept = (await readEvery(log, ['/**'])).entries;
    await close(backend);
    await inTables((table) => {
      const record = table('records', 'json').get('log _') as { bytes: number; floor: number };
      const bytes = kept.reduce((sum, entry) => sum + entry.data.byteLength + entry.mailbox.length + (entry.id?.length ?? 0) + 96, 0);
      expect(record).toMatchObject({ bytes, floor });
      expect(table('entries').getCount()).toBe(kept.length);
      expect(table('index').getCount()).toBe(kept.length);
      expect(table('ids').getCount()).toBe(kept.filter((entry) => entry.id !== undefined).length);
      expect(table('newest').getCount()).toBe(new Set(kept.map((entry) => entry.mailbox)).size);
    });
  });

  it('stays near its limit however fast appends come', async () => {
    const backend = await open();
    const log = await backend.openLog('_', { idWindowMs: 60_000, bytes: 4_000 * entryBytes(text('/a', 'x')) });
    for (let i = 0; i < 8; i += 1) {
      await Promise.all(Array.from({ length: 20 }, () => store(log, ...Array.from({ length: 100 }, () => text('/a', 'x')))));
    }
    const { floor, head } = await log.state();
    // Between two steps comes one group, of up to 2,000 messages.
    expect(head - floor).toBeLessThanOrEqual(1.5 * 4_000);
  });

  it('forgets ids when their window is over, though their entries stay', async () => {
    let now = 1_000;
    const backend = await open({ now: () => now });
    const log = await backend.openLog('_', { idWindowMs: 100 });
    await store(log, text('/a', '1', 'x'), text('/a', '2', 'y'));
    now = 1_050;
    await store(log, text('/a', '3', 'z'));
    now = 1_100;
    const [again] = await store(log, text('/a', '4', 'x'));
    expect(again?.duplicate).toBe(false);
    const [known] = await store(log, text('/a', '5', 'z'));
    expect(known?.duplicate).toBe(true);
    await close(backend);
    now = 10_000;
    let commits = 0;
    const next = await open({
      now: () => now,
      async afterFlush() {
        commits += 1;
      },
    });
    const reopened = await next.openLog('_', { idWindowMs: 100 });
    expect((await readEvery(reopened, ['/a'])).entries.length).toBe(4);
    await eventually(
      async () => commits,
      (count) => count > 0,
    );
    await close(next);
    await inTables((table) => {
      expect(table('ids').getCount()).toBe(0);
      expect(table('entries').getCount()).toBe(4);
    });
  });
});
