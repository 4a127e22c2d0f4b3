import { currentEpoch, type Entry, entryBytes, type NewEntry, type Pattern, type Position, parsePattern } from '@restante/protocol';
import type { AppendOutcome, Log, LogPage, LogPolicy, Stored, TailBatch } from '../log.js';

/** What an adapter gives to its contract suite, and the few words in which the suite speaks. */

export interface LogHarness {
  /** After `restart` or `fork` the logs must be opened again. */
  openLog(name: string, policy: LogPolicy): Promise<Log>;
  /** Ends everything and starts again on what was stored. Where nothing is, the adapter is not `durable`. */
  restart(): Promise<void>;
  /** Begins a new epoch of the log at its head, however history is forked here. */
  fork(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface LogAdapter {
  /** A fresh one, empty, with logs and timers of its own. */
  readonly open: () => Promise<LogHarness>;
  /** Does what was stored survive the process? */
  readonly durable: boolean;
  /** A purge stores its control entry before it erases, so that for a moment retention counts both. */
  readonly erasesLast?: boolean;
  /**
   * What retention counts an entry with, where that is not `entryBytes`.
   * @param forgotten where its id was stored before, of which nothing is left
   */
  readonly storedBytes?: (entry: NewEntry, forgotten?: number) => number;
}

export function storedBytes({ storedBytes: bytes = entryBytes }: LogAdapter, entry: NewEntry, forgotten?: number): number {
  return bytes(entry, forgotten);
}

export const KEEP_ALL: LogPolicy = { idWindowMs: 60_000 };
export const PAGE = { limit: 1_000, bytes: 1024 * 1024 };

export function text(mailbox: string, body: string, id?: string): NewEntry {
  const entry = { mailbox, kind: 'text', data: Buffer.from(body) } as const;
  return id === undefined ? entry : { ...entry, id };
}

function bodyOf(entry: Entry): string {
  return Buffer.from(entry.data).toString();
}

export function patterns(...texts: string[]): Pattern[] {
  return texts.map(parsePattern);
}

/** Appends, and expects every message to be stored. */
export async function store(log: Log, ...entries: NewEntry[]): Promise<Stored[]> {
  return (await log.append(entries)).map(stored);
}

export function stored(outcome: AppendOutcome): Stored {
  if (!outcome.ok) throw outcome.error;
  return outcome;
}

/** Appends texts to one mailbox, named by number, and returns their seqs. */
export async function fill(log: Log, mailbox: string, count: number): Promise<number[]> {
  const entries = Array.from({ length: count }, (_, i) => text(mailbox, `${mailbox} ${i}`));
  return (await store(log, ...entries)).map((one) => one.position.seq);
}

export async function at(log: Log, seq: number): Promise<Position> {
  return { epoch: currentEpoch((await log.state()).epochs), seq };
}

export function readEvery(log: Log, texts: string[], after: Position | 'earliest' = 'earliest'): Promise<LogPage> {
  return log.read({ patterns: patterns(...texts), after, mode: 'every', ...PAGE });
}

export function readLatest(log: Log, texts: string[], after: Position | 'earliest' = 'earliest'): Promise<LogPage> {
  return log.read({ patterns: patterns(...texts), after, mode: 'latest', ...PAGE });
}

export function bodies(page: { readonly entries: readonly Entry[] }): string[] {
  return page.entries.map(bodyOf);
}

export function seqs(page: { readonly entries: readonly Entry[] }): number[] {
  return page.entries.map((entry) => entry.seq);
}

/** Polls until the condition holds; a condition that never does fails with its own last words. */
export async function eventually<T>(probe: () => Promise<T>, holds: (value: T) => boolean, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (holds(value)) return value;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(value)} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Takes batches from a tail until `enough` says so, checks that each joins the one before, and ends the tail. */
export async function takeTail(
  log: Log,
  after: Position | 'earliest',
  enough: (entries: readonly Entry[], batch: TailBatch) => boolean,
): Promise<Entry[]> {
  const abort = new AbortController();
  const entries: Entry[] = [];
  let upTo: number | undefined;
  for await (const batch of log.tail(after, abort.signal)) {
    if (upTo !== undefined && batch.from !== upTo) throw new Error(`a batch from ${batch.from} does not join the one up to ${upTo}`);
    upTo = batch.upTo;
    entries.push(...batch.entries);
    if (enough(entries, batch)) abort.abort();
  }
  return entries;
}
