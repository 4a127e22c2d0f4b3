import { mkdir } from 'node:fs/promises';
import { forkedAt, OPEN, RestanteError } from '@restante/protocol';
import type { Backend } from '../backend.js';
import { newEpoch } from '../epoch.js';
import { TAIL_HEARTBEAT_MS } from '../local-tail.js';
import type { LogPolicy } from '../log.js';
import { MemoryBus, type MemoryBusOptions } from '../memory/bus.js';
import { MemoryLease } from '../memory/lease.js';
import { requireRoomToOpen, watchDiskSpace } from './disk-space.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { GroupCommit } from './group-commit.js';
import { seqKey, seqOfKey } from './keys.js';
import { LmdbLog } from './log.js';
import { type Durability, type LogRecord, openStore, readRecord, readRecords, recordKey, recordOpened, type Store } from './store.js';

/**
 * Logs in one folder on this machine's disk, for one process: the embedded default. Owns the folder's lock, its one writer and the
 * timer of retention; bus and lease are memory's, since nobody else can be there.
 *
 * The time of entries never goes back. Where the clock once was far ahead, entries get that time until the clock has come up to it:
 * nothing becomes older meanwhile, so that age removes nothing and ids are not forgotten. `onTimeAhead` tells.
 */

export interface LmdbBackendOptions extends MemoryBusOptions {
  readonly folder: string;
  /**
   * `disk` (default): stored means flushed. `process` promises less: stored means handed to the operating system.
   * lmdb-js 3.5 resolves its writes after the flush in either mode, so `process` gains little with it.
   */
  readonly durability?: Durability;
  /** Free space on the disk that appends leave alone. Less than 8 MiB is not enough for retention to free space on a full disk. */
  readonly reserveBytes?: number;
  /** Bytes of messages that wait for their commit; above, appends are refused: `OVERLOADED`. */
  readonly waitingBytesMax?: number;
  readonly retentionIntervalMs?: number;
  /** How often a quiet tail proves that it is alive; at most 1,000. */
  readonly tailHeartbeatMs?: number;
  /** Milliseconds since 1970; stands for the clock that gives entries their time. */
  readonly now?: () => number;
  /** Awaited between the flush and whatever becomes visible by it, so that a test can hold it back. */
  readonly afterFlush?: () => Promise<void>;
  /** A log's newest entry has a time more than a minute ahead of the clock. Told once of each log. Default: a warning on the console. */
  readonly onTimeAhead?: (log: string, aheadMs: number) => void;
  /** A commit failed, and what is on the disk is unknown. Default: says so and ends the process, which finds out when it starts again. */
  readonly onFatal?: (error: unknown) => void;
}

/** Clocks that are kept by the network differ by less. */
const AHEAD_MS_MAX = 60_000;

const DURABILITY = {
  disk: 'Stored is flushed to the disk: it survives the end of the process, of the machine and of power.',
  process:
    'Stored survives the end of the process; what the machine had not yet flushed when it went down may be gone, and then the epoch is new.',
} as const satisfies Record<Durability, string>;

/** @throws RestanteError `DATA_IN_USE` · `LOG_MISMATCH` · `LOG_FULL`: the disk has no room to open anything. */
export async function openLmdbBackend(options: LmdbBackendOptions): Promise<Backend> {
  const { folder, durability = 'disk', reserveBytes = 64 * 1024 * 1024, afterFlush } = options;
  const lock = await lockOf(folder);
  const store = await openLocked(folder, durability, lock);
  const commits = new GroupCommit({
    space: watchDiskSpace({ folder, reserveBytes, store }),
    async commit(write) {
      // What the last group wrote must be seen when ids are looked up.
      store.env.resetReadTxn();
      await store.env.batch(write);
      await afterFlush?.();
    },
    waitingBytesMax: options.waitingBytesMax ?? 32 * 1024 * 1024,
    onFatal: options.onFatal ?? endProcess,
  });
  const logs = new Map<string, Promise<LmdbLog>>();
  const opened = new Set<LmdbLog>();
  const ahead = new Set<LmdbLog>();
  let opening: Promise<unknown> = Promise.resolve();
  const bus = new MemoryBus(options);

  async function open(name: string, policy: LogPolicy): Promise<LmdbLog> {
    const log = new LmdbLog(name, await recordOf(store, name), {
      store,
      commits,
      policy,
      now: options.now ?? Date.now,
      tailHeartbeatMs: options.tailHeartbeatMs ?? TAIL_HEARTBEAT_MS,
    });
    opened.add(log);
    return log;
  }

  const timer = setInterval(() => {
    for (const log of opened) {
      log.retain();
      if (log.aheadMs <= AHEAD_MS_MAX || ahead.has(log)) continue;
      ahead.add(log);
      (options.onTimeAhead ?? warnOfTime)(log.name, log.aheadMs);
    }
  }, options.retentionIntervalMs ?? 1_000);
  timer.unref();

  return {
    address: `lmdb:${folder}`,
    durability: DURABILITY[durability],
    bus,
    lease: new MemoryLease(),
    trouble: () => undefined,
    openLog(name, policy) {
      const known = logs.get(name);
      if (known !== undefined) return known;
      // One after the other, so that no two new logs take the same number.
      const log = opening.then(() => open(name, policy));
      opening = log.catch(() => logs.delete(name));
      logs.set(name, log);
      return log;
    },
    async close() {
      clearInterval(timer);
      bus.close();
      for (const log of opened) log.close();
      await commits.close();
      await store.env.close();
      await lock.release();
    },
  };
}

/**
 * Gives a log a new epoch at its head, as a restored backup needs: what was stored after the backup was made is another history (I11).
 * @throws RestanteError `DATA_IN_USE` · `LOG_MISMATCH`: there is no such log.
 */
export async function logAdopt(folder: string, name: string): Promise<void> {
  const lock = await lockOf(folder);
  try {
    const store = await openStore(folder, 'disk');
    try {
      const record = readRecord(store, name);
      if (record === undefined) throw new RestanteError('LOG_MISMATCH', `${folder} holds no log ${name}`);
      await store.records.put(recordKey(name), forked(record));
    } finally {
      await store.env.close();
    }
  } finally {
    await lock.release();
  }
}

async function lockOf(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  return await lockFolder(folder);
}

async function openLocked(folder: string, durability: Durability, lock: FolderLock): Promise<Store> {
  try {
    requireRoomToOpen(folder);
    const store = await openStore(folder, durability);
    if (store.mayHaveLost) {
      for (const { name, record } of readRecords(store)) await store.records.put(recordKey(name), forked(record));
    }
    await recordOpened(store, durability);
    return store;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function forked(record: LogRecord): LogRecord {
  return { ...record, epochs: forkedAt(record.epochs, record.head, newEpoch()) };
}

async function recordOf(store: Store, name: string): Promise<LogRecord> {
  const record = readRecord(store, name);
  if (record !== undefined) return proven(store, name, record);
  const number = readRecords(store).reduce((highest, { record: other }) => Math.max(highest, other.number), 0) + 1;
  const fresh: LogRecord = { number, epochs: [{ epoch: newEpoch(), upTo: OPEN }], floor: 0, head: 0, bytes: 0, time: 0, idsFloor: 0 };
  await store.records.put(recordKey(name), fresh);
  return fresh;
}

/** @throws RestanteError `LOG_MISMATCH`: the newest entry is not the one that the record names. */
function proven(store: Store, name: string, record: LogRecord): LogRecord {
  const range = { start: seqKey(record.number + 1, 0), end: seqKey(record.number, 0), reverse: true, limit: 1 };
  const [last] = store.entries.getKeys(range);
  const head = last === undefined ? record.floor : seqOfKey(last);
  if (head === record.head) return record;
  throw new RestanteError('LOG_MISMATCH', `the newest entry of log ${name} is ${head}, but ${record.head} was recorded`);
}

function warnOfTime(log: string, aheadMs: number): void {
  const minutes = Math.round(aheadMs / 60_000);
  console.warn(
    `The newest entry of log ${log} is ${minutes} minutes ahead of the clock: entries get its time until the clock has come up to it.`,
  );
}

function endProcess(error: unknown): void {
  console.error('The log could not be written, and what is on the disk is unknown. Ending.', error);
  process.exit(1);
}
