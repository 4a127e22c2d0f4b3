import { type Epochs, RestanteError } from '@restante/protocol';
import { type Database, type Key, open, type RootDatabase } from 'lmdb';
import { bootIdentity } from './boot.js';

/**
 * The tables of one folder, the version of their format, and the record of each log. Knows LMDB; knows nothing of messages.
 */

export type Durability = 'disk' | 'process';

/** What is written with every commit that touches the log, so that it is as exact after a crash as before. */
export interface LogRecord {
  /** Stands for the log in every key. */
  readonly number: number;
  readonly epochs: Epochs;
  readonly floor: number;
  readonly head: number;
  /** Of all entries in the tables (`entryBytes`), purged ones included until they are erased. */
  readonly bytes: number;
  /** The newest entry's. */
  readonly time: number;
  /** The ids of entries up to this seq are forgotten. */
  readonly idsFloor: number;
}

export interface Store {
  readonly env: RootDatabase<Buffer, Buffer>;
  /** `[log, seq]` → entry */
  readonly entries: Database<Buffer, Buffer>;
  /** `[log, mailbox, seq]` → the entry's bytes */
  readonly index: Database<Buffer, Buffer>;
  /** `[log, mailbox]` → seq of its newest entry */
  readonly newest: Database<Buffer, Buffer>;
  /** `[log, mailbox, id]` → seq of the entry that has this id */
  readonly ids: Database<Buffer, Buffer>;
  /** `[log, mailbox]` → seq up to which its entries are purged, for as long as some of them still lie in the tables */
  readonly purges: Database<Buffer, Buffer>;
  readonly records: Database<unknown, string>;
  /** The machine was booted since, and the last process did not wait for the disk: what it said was stored may be gone. */
  readonly mayHaveLost: boolean;
}

/** Version 1: the tables above, entries of version 1. */
const FORMAT_VERSION = 1;

/** @throws RestanteError `LOG_MISMATCH`: a newer version wrote this folder. */
export async function openStore(folder: string, durability: Durability): Promise<Store> {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const env = open<Buffer, Buffer>({
    path: folder,
    noSubdir: false,
    maxDbs: 8,
    ...binary,
    // With overlapping sync an entry is visible before it is on the disk: never where the disk was promised.
    overlappingSync: durability === 'process',
    // A group is a batch of its own and must not wait for the next turn of the event loop.
    eventTurnBatching: false,
  });
  const records = env.openDB<unknown, string>('records', { encoding: 'json' });
  const format = records.get('format') as { readonly version: number } | undefined;
  if (format !== undefined && format.version > FORMAT_VERSION) {
    await env.close();
    throw new RestanteError('LOG_MISMATCH', `${folder} has format ${format.version}; this program knows formats up to ${FORMAT_VERSION}`);
  }
  const boot = bootIdentity();
  const last = records.get('opened') as { readonly boot: string; readonly durability: Durability } | undefined;
  await records.put('format', { version: FORMAT_VERSION });
  return {
    env,
    entries: env.openDB('entries', binary),
    index: env.openDB('index', binary),
    newest: env.openDB('newest', binary),
    ids: env.openDB('ids', binary),
    purges: env.openDB('purges', binary),
    records,
    mayHaveLost: last !== undefined && last.durability === 'process' && last.boot !== boot,
  };
}

/** To be said only when the logs were forked where need be. */
export async function recordOpened(store: Store, durability: Durability): Promise<void> {
  await store.records.put('opened', { boot: bootIdentity(), durability });
}

export function recordKey(log: string): string {
  return `log ${log}`;
}

export function readRecord(store: Store, log: string): LogRecord | undefined {
  return store.records.get(recordKey(log)) as LogRecord | undefined;
}

export function readRecords(store: Store): { readonly name: string; readonly record: LogRecord }[] {
  const range = store.records.getRange({ start: recordKey(''), end: 'log!' });
  return [...range].map(({ key, value }) => ({ name: key.slice(recordKey('').length), record: value as LogRecord }));
}

/** Within a batch, whose own promise is the one to await: lmdb-js resolves the single writes of a batch at once. */
export function put<V, K extends Key>(table: Database<V, K>, key: K, value: V): void {
  void table.put(key, value);
}

/** Within a batch, as `put`. */
export function remove(table: Database<Buffer, Buffer>, key: Buffer): void {
  void table.remove(key);
}
