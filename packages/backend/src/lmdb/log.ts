import { currentEpoch, type Extent, entryBytes, type NewEntry, type Position, resumeAt } from '@restante/protocol';
import { Sleepers, type TailSource, tailLocally } from '../local-tail.js';
import type { AppendOutcome, Log, LogPage, LogPolicy, NewestRequest, ReadRequest, TailBatch } from '../log.js';
import { decodeEntry, encodeEntry } from './entry-codec.js';
import type { GroupCommit, LogWriter } from './group-commit.js';
import { idKey, mailboxKey, nameKey, seqKey, seqOfValue, seqValue } from './keys.js';
import { Purged } from './purged.js';
import { Reader } from './reader.js';
import { type LogRecord, put, recordKey, remove, type Store } from './store.js';
import { Tables } from './tables.js';

/**
 * A log in LMDB. Two records of it are kept: `#written`, which runs ahead with the group that is being committed, and `#readable`,
 * which follows when that group is on the disk; readers see only the second (I1), whatever LMDB would show. Keeps I2, I8, I11.
 */

/** Pages that one entry may dirty beyond its own bytes: a leaf in each of four tables. */
const ENTRY_DISK_BYTES = 4 * 4_096;
/** Entries that one step of retention removes: more than the largest group of appends brings, which come between two steps. */
const RETENTION_STEP_ENTRIES = 4_000;
/** The same where the disk is full: few enough for what they dirty to fit into a small reserve. */
const SMALL_STEP_ENTRIES = 250;
/** Purged entries that one step erases: nobody waits for it, so that appends and readers get their turn sooner. */
const PURGE_STEP_ENTRIES = 1_000;
const INDEX_VALUE_BYTES = 4;

export interface LmdbLogOptions {
  readonly store: Store;
  readonly commits: GroupCommit;
  readonly policy: LogPolicy;
  readonly now: () => number;
  readonly tailHeartbeatMs: number;
}

export class LmdbLog implements Log, TailSource, LogWriter {
  readonly name: string;
  readonly sleepers = new Sleepers();
  closed = false;
  readonly #store: Store;
  readonly #commits: GroupCommit;
  readonly #policy: LogPolicy;
  readonly #now: () => number;
  readonly #tailHeartbeatMs: number;
  readonly #purged: Purged;
  readonly #tables: Tables;
  readonly #reader: Reader;
  #written: LogRecord;
  #readable: LogRecord;
  /** What the group under way stored, by id and by mailbox: not yet in the tables. */
  readonly #groupIds = new Map<string, { readonly seq: number; readonly time: number }>();
  readonly #groupNewest = new Map<string, number>();
  #retaining = false;
  /** The last step erased what was purged. */
  #erasing = false;

  constructor(name: string, record: LogRecord, options: LmdbLogOptions) {
    this.name = name;
    this.#written = record;
    this.#readable = record;
    this.#store = options.store;
    this.#commits = options.commits;
    this.#policy = options.policy;
    this.#now = options.now;
    this.#tailHeartbeatMs = options.tailHeartbeatMs;
    this.#purged = new Purged(options.store, record.number);
    this.#tables = new Tables(options.store, record.number, this.#purged);
    this.#reader = new Reader(this.#tables, this.#purged, () => this.#extent());
  }

  /** How far the newest entry's time is ahead of the clock. */
  get aheadMs(): number {
    return this.#readable.time - this.#now();
  }

  append(entries: readonly NewEntry[]): Promise<readonly AppendOutcome[]> {
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    return new Promise((resolve) => {
      let outcomes: readonly AppendOutcome[] = [];
      this.#commits.submit({
        writer: this,
        bytes,
        diskBytes: bytes + entries.length * ENTRY_DISK_BYTES,
        frees: false,
        alone: false,
        write: () => {
          outcomes = entries.map((entry) => this.#storeOne(entry));
        },
        stored: () => resolve(outcomes),
        refused: (error) => resolve(entries.map(() => ({ ok: false, error }))),
      });
    });
  }

  read(request: ReadRequest): Promise<LogPage> {
    return this.#reader.read(request);
  }

  readNewest(request: NewestRequest): Promise<LogPage> {
    return this.#reader.readNewest(request);
  }

  tail(after: Position | 'earliest', signal: AbortSignal): AsyncIterable<TailBatch> {
    return tailLocally(this, after, signal, this.#tailHeartbeatMs);
  }

  readAfter(after: Position | 'earliest'): TailBatch {
    return this.#reader.readAfter(after);
  }

  async state(): Promise<Extent> {
    return this.#extent();
  }

  async verify(position: Position): Promise<boolean> {
    return resumeAt(this.#extent(), position, true).complete;
  }

  /** Cost: one small commit, from which on the entries are shown to nobody. They are erased in steps after it, over a restart too. */
  purge(mailbox: string): Promise<Position> {
    const control: NewEntry = { mailbox, kind: 'purged', data: new Uint8Array() };
    return new Promise((resolve, reject) => {
      let seq = 0;
      this.#commits.submit({
        writer: this,
        bytes: entryBytes(control),
        diskBytes: ENTRY_DISK_BYTES,
        frees: false,
        alone: true,
        write: () => {
          this.#purged.mark(mailbox, this.#written.head);
          seq = this.#push(control).seq;
        },
        stored: () => {
          this.#purged.hide(mailbox, seq - 1);
          resolve(this.#position(seq));
          this.retain();
        },
        refused: reject,
      });
    });
  }

  /** One step of retention, of forgetting ids, and of erasing what was purged, if something is due; goes on by itself until nothing is. */
  retain(): void {
    if (this.#retaining || this.closed || (this.#purged.isEmpty && !this.#isRetentionDue())) return;
    this.#retaining = true;
    this.#retainStep(RETENTION_STEP_ENTRIES);
  }

  #retainStep(entriesMax: number): void {
    let erased: string | undefined;
    this.#commits.submit({
      writer: this,
      bytes: 0,
      diskBytes: entriesMax * ENTRY_DISK_BYTES,
      frees: true,
      alone: true,
      write: () => {
        // By turns: what one of them removes in a step the other would still see.
        this.#erasing = !this.#purged.isEmpty && !(this.#erasing && this.#isRetentionDue());
        if (this.#erasing) {
          const { bytes, done } = this.#purged.erase(Math.min(entriesMax, PURGE_STEP_ENTRIES));
          erased = done;
          this.#written = { ...this.#written, bytes: this.#written.bytes - bytes };
          return;
        }
        this.#forgetIds(entriesMax);
        this.#removeOldest(entriesMax);
      },
      stored: () => {
        if (erased !== undefined) this.#unhide(erased);
        this.#retaining = false;
        this.retain();
      },
      refused: () => {
        if (entriesMax > SMALL_STEP_ENTRIES) return this.#retainStep(SMALL_STEP_ENTRIES);
        // Where even a small step finds no room it is tried again with the next turn of the timer.
        this.#retaining = false;
      },
    });
  }

  seal(): void {
    const { number } = this.#written;
    for (const [mailbox, seq] of this.#groupNewest) put(this.#store.newest, nameKey(number, mailbox), seqValue(seq));
    put(this.#store.records, recordKey(this.name), this.#written);
  }

  settle(): void {
    this.#groupIds.clear();
    this.#groupNewest.clear();
    this.#readable = this.#written;
    this.sleepers.wake();
    if (this.#readable.bytes > (this.#policy.bytes ?? Number.POSITIVE_INFINITY)) this.retain();
  }

  close(): void {
    this.closed = true;
    this.sleepers.wake();
  }

  #storeOne(entry: NewEntry): AppendOutcome {
    const first = entry.id === undefined ? undefined : this.#firstOf(entry.mailbox, entry.id);
    if (first !== undefined) return { ok: true, position: this.#position(first.seq), time: first.time, duplicate: true };
    const { seq, time } = this.#push(entry);
    return { ok: true, position: this.#position(seq), time, duplicate: false };
  }

  #push(entry: NewEntry): { readonly seq: number; readonly time: number } {
    const { number, head, bytes } = this.#written;
    const seq = head + 1;
    const time = this.#clock();
    const size = entryBytes(entry);
    const indexValue = Buffer.allocUnsafe(INDEX_VALUE_BYTES);
    indexValue.writeUInt32BE(size);
    put(this.#store.entries, seqKey(number, seq), encodeEntry(entry, time));
    put(this.#store.index, mailboxKey(number, entry.mailbox, seq), indexValue);
    this.#groupNewest.set(entry.mailbox, seq);
    if (entry.id !== undefined) {
      put(this.#store.ids, idKey(number, entry.mailbox, entry.id), seqValue(seq));
      this.#groupIds.set(`${entry.mailbox} ${entry.id}`, { seq, time });
    }
    this.#written = { ...this.#written, head: seq, time, bytes: bytes + size };
    return { seq, time };
  }

  /** The retained entry that has this id, within the window. */
  #firstOf(mailbox: string, id: string): { readonly seq: number; readonly time: number } | undefined {
    const inGroup = this.#groupIds.get(`${mailbox} ${id}`);
    if (inGroup !== undefined) return inGroup;
    const value = this.#store.ids.getBinaryFast(idKey(this.#written.number, mailbox, id));
    if (value === undefined) return undefined;
    const entry = this.#tables.entry(seqOfValue(value));
    return entry !== undefined && this.#clock() - entry.time < this.#policy.idWindowMs ? { seq: entry.seq, time: entry.time } : undefined;
  }

  /** LMDB must show that the entries are gone before nothing else hides them. */
  #unhide(mailbox: string): void {
    this.#store.env.resetReadTxn();
    this.#purged.unhide(mailbox);
  }

  #isRetentionDue(): boolean {
    const { bytes, floor, idsFloor, head } = this.#readable;
    if (bytes > (this.#policy.bytes ?? Number.POSITIVE_INFINITY)) return true;
    const [oldest] = this.#tables.rows(floor, head, 1);
    if (oldest !== undefined && decodeEntry(oldest.seq, oldest.value).time < this.#oldestKept()) return true;
    const [remembered] = this.#tables.rows(Math.max(floor, idsFloor), head, 1);
    return remembered !== undefined && decodeEntry(remembered.seq, remembered.value).time <= this.#clock() - this.#policy.idWindowMs;
  }

  #oldestKept(): number {
    return this.#clock() - (this.#policy.ageMs ?? Number.POSITIVE_INFINITY);
  }

  #removeOldest(entriesMax: number): void {
    const { entries, index, newest } = this.#store;
    const { number, head } = this.#written;
    const oldestKept = this.#oldestKept();
    for (const { seq, value } of this.#tables.rows(this.#written.floor, head, entriesMax)) {
      const entry = decodeEntry(seq, value);
      if (entry.time >= oldestKept && this.#written.bytes <= (this.#policy.bytes ?? Number.POSITIVE_INFINITY)) break;
      remove(entries, seqKey(number, seq));
      remove(index, mailboxKey(number, entry.mailbox, seq));
      if (this.#tables.newestOf(entry.mailbox) === seq) remove(newest, nameKey(number, entry.mailbox));
      if (entry.id !== undefined) this.#forgetId(entry.mailbox, entry.id, seq);
      this.#written = { ...this.#written, floor: seq, bytes: this.#written.bytes - entryBytes(entry) };
    }
    // Readers are told at once: LMDB may show the removal before we hear of it, and nobody may miss these entries in silence.
    this.#readable = { ...this.#readable, floor: this.#written.floor };
  }

  #forgetIds(entriesMax: number): void {
    const { floor, idsFloor, head } = this.#written;
    const forgotten = this.#clock() - this.#policy.idWindowMs;
    for (const { seq, value } of this.#tables.rows(Math.max(floor, idsFloor), head, entriesMax)) {
      const entry = decodeEntry(seq, value);
      if (entry.time > forgotten) break;
      if (entry.id !== undefined) this.#forgetId(entry.mailbox, entry.id, seq);
      this.#written = { ...this.#written, idsFloor: seq };
    }
  }

  /** A later entry may have taken the id when the window was over. */
  #forgetId(mailbox: string, id: string, seq: number): void {
    const key = idKey(this.#written.number, mailbox, id);
    const value = this.#store.ids.getBinaryFast(key);
    if (value !== undefined && seqOfValue(value) === seq) remove(this.#store.ids, key);
  }

  /** Stored time never goes back, even where the clock does, restarts included. */
  #clock(): number {
    return Math.max(this.#written.time, Math.floor(this.#now()));
  }

  #extent(): Extent {
    const { epochs, floor, head } = this.#readable;
    return { epochs, floor, head };
  }

  #position(seq: number): Position {
    return { epoch: currentEpoch(this.#written.epochs), seq };
  }
}
