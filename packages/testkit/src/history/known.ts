import { type Epochs, matches, type Pattern, type Position } from '@restante/protocol';
import type { HistoryEvent, MessageEvent, Outcome, PurgeEvent } from './events.js';
import { Lineage } from './lineage.js';
import { Contradiction } from './verdict.js';

/**
 * All entries of one log that anything in the history tells of: the final read, acknowledged publishes, and what readers received.
 * Keeps `(epoch, seq) → message` unique (I11), whoever names it. The three sources differ only once forks or retention are in play.
 */

/** The log as it is read when everything is over. */
export interface FinalLog {
  readonly log: string;
  /** The whole line; each `upTo` as it was when the next epoch began, where that is known (a later, deeper fork lowers it). */
  readonly epochs: Epochs;
  readonly floor: number;
  /** Newest seq; default: the last entry's, or the floor. */
  readonly head?: number;
  /** Everything above the floor, ascending. */
  readonly entries: readonly FinalEntry[];
}

export interface FinalEntry {
  readonly seq: number;
  readonly mailbox: string;
  readonly id?: string;
  readonly hash?: string;
  readonly purged?: true;
}

/** An entry that is known of, under the epoch that stored it. */
export interface Known extends FinalEntry {
  readonly epoch: string;
  /** Unknown while only the answer to its publisher told of it. */
  hash?: string;
  /** The event that told of it first; -1: the final read. */
  readonly at: number;
  readonly inFinal: boolean;
}

/** What was published under one id in one mailbox. */
export interface Attempts {
  readonly hashes: string[];
  readonly outcomes: Set<Outcome>;
}

/** All publishes of a history, by mailbox and id. */
export class Published {
  readonly #attempts = new Map<string, Map<string, Attempts>>();
  readonly #purges = new Map<string, PurgeEvent[]>();
  count = 0;

  constructor(events: readonly HistoryEvent[]) {
    for (const event of events) {
      if (event.type === 'purge') this.#purges.set(event.mailbox, [...(this.#purges.get(event.mailbox) ?? []), event]);
      if (event.type !== 'publish') continue;
      let ofMailbox = this.#attempts.get(event.mailbox);
      if (ofMailbox === undefined) this.#attempts.set(event.mailbox, (ofMailbox = new Map()));
      const attempts = ofMailbox.get(event.id);
      if (attempts === undefined) {
        ofMailbox.set(event.id, { hashes: [event.hash], outcomes: new Set([event.outcome]) });
        this.count++;
        continue;
      }
      attempts.outcomes.add(event.outcome);
      if (!attempts.hashes.includes(event.hash)) attempts.hashes.push(event.hash);
    }
  }

  of(mailbox: string, id: string): Attempts | undefined {
    return this.#attempts.get(mailbox)?.get(id);
  }

  /** The purges of a mailbox that were passed on everywhere before this tick. */
  purgedBefore(mailbox: string, tick: number): readonly PurgeEvent[] {
    return (this.#purges.get(mailbox) ?? []).filter(({ everywhere = Number.POSITIVE_INFINITY }) => everywhere < tick);
  }

  /** Somebody published this, with these bytes, and was not told that it was refused. */
  check(entry: FinalEntry, at: number, where: string): void {
    if (entry.purged) {
      if (!this.#purges.has(entry.mailbox)) throw new Contradiction('FOREIGN', at, `${where}: nobody purged ${entry.mailbox}`);
      return;
    }
    const attempts = entry.id === undefined ? undefined : this.of(entry.mailbox, entry.id);
    if (attempts === undefined)
      throw new Contradiction('FOREIGN', at, `${where}: nobody published ${entry.id ?? 'a message without id'} to ${entry.mailbox}`);
    if (attempts.outcomes.size === 1 && attempts.outcomes.has('refused'))
      throw new Contradiction('REFUSED_BUT_STORED', at, `${where}: ${entry.id} in ${entry.mailbox} was refused`);
    if (entry.hash !== undefined && !attempts.hashes.includes(entry.hash))
      throw new Contradiction(
        'OTHER_BYTES',
        at,
        `${where}: ${entry.id} in ${entry.mailbox} was published as ${attempts.hashes.join(', ')}, not ${entry.hash}`,
      );
  }
}

export class KnownLog {
  readonly name: string;
  readonly lineage: Lineage;
  readonly floor: number;
  readonly head: number;
  readonly #byEpoch = new Map<string, Map<number, Known>>();
  readonly #timelines = new Map<string, Timeline>();

  constructor(final: FinalLog, published: Published) {
    this.name = final.log;
    this.lineage = new Lineage(final.epochs);
    this.floor = final.floor;
    this.head = final.head ?? final.entries[final.entries.length - 1]?.seq ?? final.floor;
    let last = final.floor;
    for (const entry of final.entries) {
      const where = `the final read of ${final.log}, seq ${entry.seq}`;
      if (entry.seq <= last) throw new Contradiction('LOG_MISORDERED', -1, `${where} comes after ${last}`);
      last = entry.seq;
      published.check(entry, -1, where);
      this.#add(this.lineage.owner(this.lineage.current, entry.seq), entry, -1, true);
    }
  }

  at(epoch: string, seq: number): Known | undefined {
    return this.#byEpoch.get(this.lineage.owner(epoch, seq))?.get(seq);
  }

  /** Takes note of an entry that an answer or a reader told of; it must be the same as whatever else told of this position. */
  tell(epoch: string, entry: FinalEntry, at: number): void {
    const known = this.at(epoch, entry.seq);
    if (known === undefined) this.#add(this.lineage.owner(epoch, entry.seq), entry, at, false);
    else if (!isSame(known, entry))
      throw new Contradiction('TWO_AT_ONE_POSITION', at, `${this.name}.${epoch}.${entry.seq} is ${name(known)}, and is ${name(entry)} too`);
  }

  /** A reader received this. Checked against what was published once for every position: from then on, all must be like it. */
  receive(epoch: string, entry: FinalEntry, at: number, published: Published): void {
    const known = this.at(epoch, entry.seq);
    if (known?.hash !== undefined && known.hash === entry.hash && isSame(known, entry)) return;
    published.check(entry, at, `received at ${this.name}.${epoch}.${entry.seq}`);
    this.tell(epoch, entry, at);
    if (known !== undefined && entry.hash !== undefined) known.hash = entry.hash;
  }

  /** Does the entry lie before this position, in the histories of this log? */
  isBefore(entry: Known, { epoch, seq }: Position): boolean {
    return this.lineage.compare(entry.epoch, entry.seq, this.lineage.owner(epoch, seq), seq) < 0;
  }

  /** Must the final read hold what was at this position? Not below the floor, nor beyond a fork, nor of a history that is gone. */
  isRetained(epoch: string, seq: number): boolean {
    const shared = this.lineage.shared(epoch, this.lineage.current);
    return shared !== undefined && seq <= shared && seq > this.floor;
  }

  /** Everything that `epoch` shows, once nothing more will be told. */
  timeline(epoch: string): Timeline {
    let timeline = this.#timelines.get(epoch);
    if (timeline === undefined) this.#timelines.set(epoch, (timeline = new Timeline(this.#entriesOf(epoch))));
    return timeline;
  }

  *all(): Iterable<Known> {
    for (const entries of this.#byEpoch.values()) yield* entries.values();
  }

  #entriesOf(epoch: string): Known[] {
    const entries: Known[] = [];
    for (const [owner, stored] of this.#byEpoch) {
      const shared = this.lineage.shared(owner, epoch) ?? 0;
      for (const entry of stored.values()) if (entry.seq <= shared) entries.push(entry);
    }
    return entries.sort((a, b) => a.seq - b.seq);
  }

  #add(epoch: string, entry: FinalEntry, at: number, inFinal: boolean): void {
    const known: Known = { ...entry, epoch, at, inFinal };
    const stored = this.#byEpoch.get(epoch);
    if (stored === undefined) this.#byEpoch.set(epoch, new Map([[entry.seq, known]]));
    else stored.set(entry.seq, known);
  }
}

/** One history of a log, and what of it a reader is owed. */
export class Timeline {
  readonly entries: readonly Known[];
  readonly #newest = new Map<string, Known>();
  readonly #purgedAt = new Map<string, number>();
  readonly #due = new Map<string, readonly Known[]>();

  constructor(entries: readonly Known[]) {
    this.entries = entries;
    for (const entry of entries) {
      this.#newest.set(entry.mailbox, entry);
      if (entry.purged) this.#purgedAt.set(entry.mailbox, entry.seq);
    }
  }

  /**
   * What a reader of these patterns cannot pass by, ascending. Not owed: what a later purge erased, since it may have gone before
   * the reader came to it; and in `latest` mode, what a later message of its mailbox replaces.
   */
  due(patterns: readonly Pattern[], mode: 'every' | 'latest'): readonly Known[] {
    const key = `${mode} ${patterns.map((pattern) => pattern.text).join(' ')}`;
    let due = this.#due.get(key);
    if (due === undefined) {
      due = this.entries.filter((entry) => this.#isOwed(entry, mode) && patterns.some((pattern) => matches(pattern, entry.mailbox)));
      this.#due.set(key, due);
    }
    return due;
  }

  #isOwed(entry: Known, mode: 'every' | 'latest'): boolean {
    if (mode === 'latest') return this.#newest.get(entry.mailbox) === entry;
    return entry.seq >= (this.#purgedAt.get(entry.mailbox) ?? 0);
  }

  purgedAfter(entry: FinalEntry): boolean {
    return entry.seq < (this.#purgedAt.get(entry.mailbox) ?? 0);
  }
}

function isSame(known: Known, entry: FinalEntry): boolean {
  if (known.mailbox !== entry.mailbox || known.id !== entry.id || known.purged !== entry.purged) return false;
  return known.hash === undefined || entry.hash === undefined || known.hash === entry.hash;
}

/** Index of the first entry above `seq`. */
export function firstAbove(entries: readonly Known[], seq: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Known).seq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function name(entry: FinalEntry | MessageEvent): string {
  return entry.purged ? `the purge of ${entry.mailbox}` : `${entry.id} in ${entry.mailbox}`;
}
