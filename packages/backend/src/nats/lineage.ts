import { setTimeout as sleep } from 'node:timers/promises';
import { currentEpoch, type Epochs, type Extent, forkedAt, RestanteError } from '@restante/protocol';
import { newEpoch } from '../epoch.js';
import { isNotFound, type JetStreamApi, nanoseconds, type RawMessage, type StreamInfo } from './api.js';
import { endingAt, floorBelow, type LogRecord, type LogRecords, type Proof, type Recorded, withHoles } from './record.js';
import { streamName } from './subjects.js';

/**
 * Whether the stream still holds the history that this process has seen, and what becomes of it where it does not (I11, L11): history is
 * detected, not trusted. Every entry that was seen is a proof; where the newest one is no longer there at its seq with its time, or the
 * stream is another one, a new epoch begins after the last proof that still holds.
 */

/** Proofs kept in memory, of the newest entries seen; beyond, the recorded ones are coarser, and a fork is put earlier than it was. */
const PROOFS_MAX = 16_384;
/** Proofs kept in the record. */
const RECORDED_MAX = 32;
/** A record this old is brought up to date. */
const RECORD_MS = 20_000;
/** A process that tails knows best where history forked; one that does not lets it speak first. */
const GIVE_WAY_MS = 1_500;
const ROUNDS_MAX = 5;
const BEHIND_MS_MAX = 5_000;
const BEHIND_AGAIN_MS = 100;
const HINT_MS = 2_000;
const HINT_AGAIN_MS = 50;
/** A stream that was missing for less was being restored, perhaps. */
const FAULT_MS_MIN = 2_000;
const FAULT_AGAIN_MS = 1_000;

export interface LineageOptions {
  readonly log: string;
  readonly api: JetStreamApi;
  readonly records: LogRecords;
  readonly recorded: Recorded;
  readonly onForked: (log: string, upTo: number) => void;
}

export class Lineage {
  readonly #log: string;
  readonly #stream: string;
  readonly #api: JetStreamApi;
  readonly #records: LogRecords;
  readonly #onForked: (log: string, upTo: number) => void;
  #recorded: Recorded;
  /** The record in memory may not be the newest. */
  #isStale = false;
  /** Somebody else has written the record, whatever its revision says: the bucket may have been made anew. */
  #isOvertaken = false;
  #isSuspect = true;
  /** Since when the stream's head is lower than what was seen. */
  #behindSince: number | undefined;
  /** Until when a record that somebody writes may still be on its way: told of at once, and stored a moment later. */
  #hintedUntil = 0;
  #isClosed = false;
  #looking: NodeJS.Timeout | undefined;
  /** Ascending by seq. */
  readonly #proofs: Proof[] = [];
  /** The newest entry by the stream's own word, which a tail that has not come so far must not be kept from proving what lies before. */
  #ahead: Proof | undefined;
  #extent: Extent;
  #checking: Promise<StreamInfo> | undefined;
  #next: Promise<StreamInfo> | undefined;
  #recordedAt = performance.now();
  #fault: { readonly error: RestanteError; readonly sinceMs: number } | undefined;
  /** Whether this process tails the log, so that its proofs leave nothing out. */
  tails = 0;

  constructor({ log, api, records, recorded, onForked }: LineageOptions) {
    this.#log = log;
    this.#stream = streamName(log);
    this.#api = api;
    this.#records = records;
    this.#recorded = recorded;
    this.#onForked = onForked;
    this.#extent = { epochs: recorded.record.epochs, floor: 0, head: 0 };
    this.#proofs.push(...recorded.record.proofs);
  }

  get epochs(): Epochs {
    return this.#recorded.record.epochs;
  }

  get epoch(): string {
    return currentEpoch(this.epochs);
  }

  /**
   * Why this log cannot be used until an operator mends it; undefined: it can, for all that is known. A stream that is away for a moment,
   * because it is being restored or made anew, is no fault yet.
   */
  get fault(): RestanteError | undefined {
    return this.#fault !== undefined && performance.now() - this.#fault.sinceMs > FAULT_MS_MIN ? this.#fault.error : undefined;
  }

  /** As of the last look at the stream. */
  get extent(): Extent {
    return this.#extent;
  }

  /** The highest seq that was seen in this history. */
  get seen(): number {
    return this.#newest?.seq ?? 0;
  }

  get #newest(): Proof | undefined {
    const last = this.#proofs.at(-1);
    return this.#ahead !== undefined && this.#ahead.seq > (last?.seq ?? 0) ? this.#ahead : last;
  }

  /** Something happened on which history may have been swapped: nothing more is released before a check, which begins now. */
  suspect(): void {
    this.#isSuspect = true;
    this.#isStale = true;
    // What it finds, whoever waits for it learns.
    this.check().catch(() => undefined);
  }

  /** Somebody writes the record. */
  hinted(): void {
    this.#hintedUntil = performance.now() + HINT_MS;
    this.suspect();
  }

  saw(seq: number, timeNs: string): void {
    if (seq <= (this.#proofs.at(-1)?.seq ?? 0)) return;
    this.#proofs.push({ seq, timeNs });
    if (this.#proofs.length > 2 * PROOFS_MAX) this.#proofs.splice(0, this.#proofs.length - PROOFS_MAX);
  }

  /** At once where nothing is suspect. @throws RestanteError `LOG_UNAVAILABLE` · `LOG_MISMATCH` */
  async settle(): Promise<void> {
    if (this.#isSuspect) await this.check();
  }

  /**
   * Looks whether history is the one that was seen; where it is not, `epochs` says so afterwards. A look that had begun before does not
   * count; all that ask meanwhile share one. @throws RestanteError `LOG_UNAVAILABLE` · `LOG_MISMATCH`: the stream is gone
   */
  check(): Promise<StreamInfo> {
    if (this.#checking === undefined) {
      this.#checking = this.#checkOnce().finally(() => {
        this.#checking = undefined;
      });
      return this.#checking;
    }
    this.#next ??= this.#checking
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.check();
      });
    return this.#next;
  }

  async #checkOnce(): Promise<StreamInfo> {
    try {
      const info = await this.#check();
      this.#fault = undefined;
      return info;
    } catch (error) {
      if (error instanceof RestanteError && error.code === 'LOG_MISMATCH') this.#faulty(error);
      throw this.#passing(error);
    }
  }

  /** While it is no fault yet, whoever asks may ask again. */
  #passing(error: unknown): unknown {
    const isEarly = error instanceof RestanteError && error.code === 'LOG_MISMATCH' && this.fault === undefined;
    return isEarly ? new RestanteError('LOG_UNAVAILABLE', error.message, { cause: error }) : error;
  }

  /** Looks again until it is mended. */
  #faulty(error: RestanteError): void {
    this.#fault = { error, sinceMs: this.#fault?.sinceMs ?? performance.now() };
    this.#suspectIn(FAULT_AGAIN_MS);
  }

  /** One look to come, however many ask for it. */
  #suspectIn(ms: number): void {
    if (this.#isClosed || this.#looking !== undefined) return;
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      this.suspect();
    }, ms).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#looking);
  }

  async #check(): Promise<StreamInfo> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      await this.#refresh();
      const newest = this.#newest;
      const [info, isSame] = await Promise.all([this.#info(), newest === undefined ? true : this.#holds(newest)]);
      const { created } = this.#recorded.record;
      const isLost = newest !== undefined && info.state.last_seq < newest.seq;
      const isOther = info.created !== created || isSame === false;
      if (!isLost && !isOther) {
        this.#adopt(info);
        await this.#bringUpToDate();
        return info;
      }
      if (!isOther && (await this.#waitsForLeader(info))) {
        round -= 1;
        continue;
      }
      if (this.tails === 0 && round === 0 && (await this.#someoneElseForks())) continue;
      await this.#fork(info);
    }
    throw new RestanteError('LOG_UNAVAILABLE', `the history of log ${this.#log} changes faster than it can be looked at`);
  }

  /**
   * A copy may have shown what its leader has not come to yet, and a new leader answers before it has caught up: that the head is lower than
   * what was seen proves something only when it stays so.
   */
  async #waitsForLeader({ config }: StreamInfo): Promise<boolean> {
    const now = performance.now();
    this.#behindSince ??= now;
    if (config.num_replicas === 1 || now - this.#behindSince > BEHIND_MS_MAX) return false;
    await sleep(BEHIND_AGAIN_MS);
    return true;
  }

  /** The stream as it is. @throws RestanteError `LOG_UNAVAILABLE` · `LOG_MISMATCH` */
  async info(): Promise<StreamInfo> {
    try {
      return await this.#info();
    } catch (error) {
      if (error instanceof RestanteError && error.code === 'LOG_MISMATCH') this.suspect();
      throw this.#passing(error);
    }
  }

  async #info(): Promise<StreamInfo> {
    try {
      return await this.#api.request<StreamInfo>(`STREAM.INFO.${this.#stream}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const mend = `if it is lost, restante log recreate ${this.#log} begins a new history`;
      throw new RestanteError('LOG_MISMATCH', `stream ${this.#stream} is missing, though its history is recorded; ${mend}`, {
        cause: error,
      });
    }
  }

  extentOf({ state }: StreamInfo): Extent {
    const { holes } = this.#recorded.record;
    const first = state.messages === 0 ? state.last_seq + 1 : state.first_seq;
    return { epochs: this.epochs, floor: Math.max(0, floorBelow(first, holes)), head: state.last_seq };
  }

  #adopt(info: StreamInfo): void {
    this.#isSuspect = this.#isStale;
    this.#behindSince = undefined;
    this.#extent = this.extentOf(info);
    const { last_seq: seq, last_ts: time } = info.state;
    if (seq > 0) this.#ahead = { seq, timeNs: nanoseconds(time) };
    if (this.#ahead !== undefined && this.tails === 0) this.saw(this.#ahead.seq, this.#ahead.timeNs);
  }

  async #refresh(): Promise<void> {
    if (!this.#isStale) return;
    this.#isStale = false;
    try {
      const found = await this.#records.get(this.#log);
      if (found === undefined) return await this.#recordAgain();
      // An answer may be older than what was written meanwhile.
      if (found.revision <= this.#recorded.revision && !this.#isOvertaken) {
        if (performance.now() < this.#hintedUntil) this.#againSoon();
        return;
      }
      this.#isOvertaken = false;
      this.#take(found);
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }

  /** What was told of is not stored yet. */
  #againSoon(): void {
    this.#isStale = true;
    this.#suspectIn(HINT_AGAIN_MS);
  }

  /** The record was deleted; history was not. */
  async #recordAgain(): Promise<void> {
    const { record } = this.#recorded;
    const revision = await this.#records.put(this.#log, record, undefined);
    if (revision === undefined) this.#overtaken();
    else this.#recorded = { record, revision };
  }

  /** Somebody else's record: where it has forked, what was seen beyond the fork is of another history. */
  #take(found: Recorded): void {
    const before = this.epoch;
    this.#recorded = found;
    this.#hintedUntil = 0;
    this.#recordedAt = performance.now();
    if (before === this.epoch) return;
    const at = this.epochs.find(({ epoch }) => epoch === before);
    this.#forget(at?.upTo ?? 0);
  }

  #forget(above: number): void {
    if (this.#ahead !== undefined && this.#ahead.seq > above) this.#ahead = undefined;
    const keep = this.#proofs.findIndex(({ seq }) => seq > above);
    if (keep >= 0) this.#proofs.length = keep;
  }

  /** Undefined: nobody can tell, because the entry was erased or removed. */
  async #holds({ seq, timeNs }: Proof): Promise<boolean | undefined> {
    try {
      const { message } = await this.#api.request<{ readonly message: RawMessage }>(`STREAM.MSG.GET.${this.#stream}`, { seq });
      return nanoseconds(message.time) === timeNs;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #someoneElseForks(): Promise<boolean> {
    const { revision } = this.#recorded;
    await sleep(GIVE_WAY_MS);
    this.#isStale = true;
    await this.#refresh();
    return this.#recorded.revision !== revision;
  }

  async #fork(info: StreamInfo): Promise<void> {
    const upTo = await this.#lastShared(info);
    const { record, revision } = this.#recorded;
    const forked: LogRecord = {
      epochs: forkedAt(record.epochs, upTo, newEpoch()),
      created: info.created,
      ...endingAt(record, upTo),
    };
    const written = await this.#records.put(this.#log, forked, revision);
    if (written === undefined) return this.#overtaken();
    this.#recorded = { record: forked, revision: written };
    this.#forget(upTo);
    this.#onForked(this.#log, upTo);
  }

  /** Histories share a beginning, so the last proof that holds is found by halves. */
  async #lastShared({ created, state: { first_seq: first, last_seq: last } }: StreamInfo): Promise<number> {
    const isSameStream = created === this.#recorded.record.created;
    const proofs = this.#ahead !== undefined && this.#newest === this.#ahead ? [...this.#proofs, this.#ahead] : this.#proofs;
    let low = 0;
    let high = proofs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      let at = middle;
      let holds: boolean | undefined;
      // An entry that was purged proves nothing: the next one may.
      for (; holds === undefined && at < high; at += 1) {
        const proof = proofs[at] as Proof;
        if (proof.seq > last) holds = false;
        else holds = isSameStream && proof.seq < first ? true : await this.#holds(proof);
      }
      if (holds === true) low = at;
      else high = middle;
    }
    return proofs[low - 1]?.seq ?? 0;
  }

  /** The record learns a newer proof now and then, so that a process that starts anew has one. */
  async #bringUpToDate(): Promise<void> {
    const { record, revision } = this.#recorded;
    const newest = this.#newest;
    if (newest === undefined || newest.seq === record.proofs.at(-1)?.seq) return;
    if (record.proofs.length > 0 && performance.now() - this.#recordedAt < RECORD_MS) return;
    this.#recordedAt = performance.now();
    const proofs = thinned([...record.proofs, newest]);
    await this.#write({ ...record, proofs }, revision);
  }

  #overtaken(): void {
    this.#isOvertaken = true;
    this.#isStale = true;
  }

  async #write(record: LogRecord, revision: number): Promise<boolean> {
    const written = await this.#records.put(this.#log, record, revision);
    if (written === undefined) {
      this.#overtaken();
      return false;
    }
    this.#recorded = { record, revision: written };
    // It was this that was told of.
    this.#hintedUntil = 0;
    return true;
  }

  /** Before a purge erases these. @throws RestanteError `LOG_UNAVAILABLE` */
  async recordHoles(seqs: readonly number[]): Promise<void> {
    if (seqs.length === 0) return;
    for (let round = 0; round < 10 * ROUNDS_MAX; round += 1) {
      const { record, revision } = this.#recorded;
      // What lies deep below the floor is never asked for again.
      const holes = withHoles(record.holes, seqs).filter(([, to]) => to > this.#extent.floor);
      if (await this.#write({ ...record, holes }, revision)) return;
      await this.#refresh();
    }
    throw new RestanteError('LOG_UNAVAILABLE', `the record of log ${this.#log} is too busy`);
  }
}

/** The older, the fewer: of those that are too many, the one goes that leaves the smallest gap for its age. */
function thinned(proofs: readonly Proof[]): readonly Proof[] {
  if (proofs.length <= RECORDED_MAX) return proofs;
  const newest = proofs[proofs.length - 1] as Proof;
  let least = 1;
  let leastShare = Number.POSITIVE_INFINITY;
  for (let i = 1; i < proofs.length - 1; i += 1) {
    const [before, at, after] = [proofs[i - 1], proofs[i], proofs[i + 1]] as [Proof, Proof, Proof];
    const share = Number(BigInt(after.timeNs) - BigInt(before.timeNs)) / (Number(BigInt(newest.timeNs) - BigInt(at.timeNs)) + 1);
    if (share >= leastShare) continue;
    least = i;
    leastShare = share;
  }
  return proofs.filter((_, i) => i !== least);
}
