import {
  anyOf,
  currentEpoch,
  type Entry,
  type Epochs,
  type Extent,
  entryBytes,
  forkedAt,
  type NewEntry,
  OPEN,
  type Position,
  resumeAt,
} from '@restante/protocol';
import { endBefore } from '../end-before.js';
import { newEpoch } from '../epoch.js';
import { Sleepers, TAIL_BYTES_MAX, TAIL_ENTRIES_MAX, type TailSource, tailLocally } from '../local-tail.js';
import type { AppendOutcome, Log, LogPage, LogPolicy, NewestRequest, ReadRequest, TailBatch } from '../log.js';

/**
 * The reference for the log port: one array in order of seq, and nothing clever. Retention is applied before every answer,
 * so that the floor is exact at any moment without a timer. Keeps I2, I3, I8, I11; what it holds is bounded by the policy alone (I7).
 */
export class MemoryLog implements Log, TailSource {
  readonly name: string;
  readonly sleepers = new Sleepers();
  closed = false;
  readonly #policy: LogPolicy;
  readonly #now: () => number;
  readonly #heartbeatMs: number;
  #epochs: Epochs = [{ epoch: newEpoch(), upTo: OPEN }];
  #entries: Entry[] = [];
  /** The retained entry of each id, by `mailbox id`; a name holds no blank. */
  readonly #ids = new Map<string, Entry>();
  #bytes = 0;
  #floor = 0;
  #head = 0;
  #time = 0;

  constructor(name: string, policy: LogPolicy, now: () => number, heartbeatMs: number) {
    this.name = name;
    this.#policy = policy;
    this.#now = now;
    this.#heartbeatMs = heartbeatMs;
  }

  async append(entries: readonly NewEntry[]): Promise<readonly AppendOutcome[]> {
    const outcomes = entries.map((entry) => this.#store(entry));
    this.#retain();
    this.sleepers.wake();
    return outcomes;
  }

  async read(request: ReadRequest): Promise<LogPage> {
    const extent = this.#extent();
    const resumption = resumeAt(extent, request.after, true, request.mode);
    const upTo = Math.max(resumption.start, Math.min(request.upTo ?? extent.head, extent.head));
    const isWanted = anyOf(request.patterns);
    const matching = this.#between(resumption.start, upTo).filter((entry) => isWanted(entry.mailbox));
    const candidates = request.mode === 'latest' ? newestOfEach(matching) : matching;
    const entries = fill(candidates, request);
    const last = entries[entries.length - 1];
    const next = entries.length < candidates.length && last !== undefined ? last.seq : upTo;
    return { ...extent, ...resumption, entries, next };
  }

  async readNewest(request: NewestRequest): Promise<LogPage> {
    const extent = this.#extent();
    const { end, ...completeness } = endBefore(extent, request.before);
    const isWanted = anyOf(request.patterns);
    const matching = this.#between(extent.floor, end).filter((entry) => isWanted(entry.mailbox));
    const entries = fill(matching.toReversed(), request).reverse();
    const [first] = entries;
    const start = entries.length < matching.length && first !== undefined ? first.seq - 1 : extent.floor;
    return { ...extent, ...completeness, start, entries, next: end };
  }

  tail(after: Position | 'earliest', signal: AbortSignal): AsyncIterable<TailBatch> {
    return tailLocally(this, after, signal, this.#heartbeatMs);
  }

  readAfter(after: Position | 'earliest'): TailBatch {
    const extent = this.#extent();
    const { start } = resumeAt(extent, after, true);
    const waiting = this.#between(start, extent.head);
    const entries = fill(waiting, { limit: TAIL_ENTRIES_MAX, bytes: TAIL_BYTES_MAX });
    const last = entries[entries.length - 1];
    const upTo = entries.length < waiting.length && last !== undefined ? last.seq : extent.head;
    return { ...extent, from: start, upTo, entries };
  }

  async state(): Promise<Extent> {
    return this.#extent();
  }

  async verify(position: Position): Promise<boolean> {
    return resumeAt(this.#extent(), position, true).complete;
  }

  async purge(mailbox: string): Promise<Position> {
    this.#retain();
    const erased = this.#entries.filter((entry) => entry.mailbox === mailbox);
    for (const entry of erased) this.#forget(entry);
    this.#entries = this.#entries.filter((entry) => entry.mailbox !== mailbox);
    const { seq } = this.#push({ mailbox, kind: 'purged', data: new Uint8Array() });
    this.sleepers.wake();
    return this.#position(seq);
  }

  /** What losing a server does to a log: everything beyond `upTo` is gone, and a new epoch begins there. */
  fork(upTo: number): void {
    for (const entry of this.#between(upTo, this.#head)) this.#forget(entry);
    this.#entries = this.#entries.filter((entry) => entry.seq <= upTo);
    this.#epochs = forkedAt(this.#epochs, upTo, newEpoch());
    this.#head = Math.max(this.#floor, upTo);
    this.sleepers.wake();
  }

  close(): void {
    this.closed = true;
    this.sleepers.wake();
  }

  #store(entry: NewEntry): AppendOutcome {
    const first = entry.id === undefined ? undefined : this.#ids.get(idKey(entry.mailbox, entry.id));
    if (first !== undefined && this.#clock() - first.time < this.#policy.idWindowMs) {
      return { ok: true, position: this.#position(first.seq), time: first.time, duplicate: true };
    }
    const { seq, time } = this.#push(entry);
    return { ok: true, position: this.#position(seq), time, duplicate: false };
  }

  #push(entry: NewEntry): Entry {
    this.#head += 1;
    this.#time = this.#clock();
    const stored: Entry = { ...entry, seq: this.#head, time: this.#time };
    this.#entries.push(stored);
    this.#bytes += entryBytes(stored);
    if (stored.id !== undefined) this.#ids.set(idKey(stored.mailbox, stored.id), stored);
    return stored;
  }

  #forget(entry: Entry): void {
    this.#bytes -= entryBytes(entry);
    if (entry.id === undefined) return;
    const key = idKey(entry.mailbox, entry.id);
    // A later entry may have taken the id when the window was over.
    if (this.#ids.get(key) === entry) this.#ids.delete(key);
  }

  #retain(): void {
    const { ageMs = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = this.#policy;
    const oldest = this.#clock() - ageMs;
    let removed = 0;
    for (const entry of this.#entries) {
      if (entry.time >= oldest && this.#bytes <= bytes) break;
      this.#forget(entry);
      this.#floor = entry.seq;
      removed += 1;
    }
    if (removed > 0) this.#entries.splice(0, removed);
  }

  /** Stored time never goes back, even where the clock does. */
  #clock(): number {
    return Math.max(this.#time, Math.floor(this.#now()));
  }

  #extent(): Extent {
    this.#retain();
    return { epochs: this.#epochs, floor: this.#floor, head: this.#head };
  }

  #position(seq: number): Position {
    return { epoch: currentEpoch(this.#epochs), seq };
  }

  /** The entries in `(after, upTo]`. */
  #between(after: number, upTo: number): Entry[] {
    return this.#entries.slice(this.#indexAfter(after), this.#indexAfter(upTo));
  }

  #indexAfter(seq: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Entry).seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function idKey(mailbox: string, id: string): string {
  return `${mailbox} ${id}`;
}

function newestOfEach(ascending: readonly Entry[]): Entry[] {
  const newest = new Map<string, Entry>();
  for (const entry of ascending) {
    // Taken out first: a map keeps the place of a key that is set again.
    newest.delete(entry.mailbox);
    newest.set(entry.mailbox, entry);
  }
  return [...newest.values()];
}

/** As many of the first as the limits allow, and at least one. */
function fill(candidates: readonly Entry[], limits: { readonly limit: number; readonly bytes: number }): Entry[] {
  const entries: Entry[] = [];
  let bytes = 0;
  for (const entry of candidates) {
    bytes += entryBytes(entry);
    if (entries.length > 0 && (entries.length >= limits.limit || bytes > limits.bytes)) break;
    entries.push(entry);
  }
  return entries;
}
