import { anyOf, type Entry, entryBytes, type Pattern } from '@restante/protocol';

/**
 * A bounded window of a log's newest entries, indexed by mailbox: the router's hot tail and the edge's ring.
 * It holds what was pushed after `floor`; at the limit the oldest entries go and the floor rises (I7).
 * Whether what was pushed is everything that a reader wants is for the owner to know.
 */
export class EntryWindow {
  readonly #bytesMax: number;
  readonly #all = new SeqQueue();
  readonly #byMailbox = new Map<string, SeqQueue>();
  #bytes = 0;
  #floor: number;

  constructor(bytesMax: number, floor: number) {
    this.#bytesMax = bytesMax;
    this.#floor = floor;
  }

  /** Nothing that was pushed after this seq is missing, but what a purge erased. */
  get floor(): number {
    return this.#floor;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#all.length - this.#all.erased;
  }

  /** Entries come in ascending order. One that says `purged` erases its mailbox's earlier ones. */
  push(entry: Entry): void {
    if (entry.kind === 'purged') this.#erase(entry.mailbox);
    this.#all.push(entry);
    const queue = this.#byMailbox.get(entry.mailbox);
    if (queue === undefined) this.#byMailbox.set(entry.mailbox, new SeqQueue(entry));
    else queue.push(entry);
    this.#bytes += entryBytes(entry);
    while (this.#bytes > this.#bytesMax && this.size > 1) this.#evict();
  }

  /** Forgets everything up to `seq`: it was not read here, or is of no use. */
  raiseFloor(seq: number): void {
    while ((this.#all.firstSeq ?? Number.POSITIVE_INFINITY) <= seq) this.#evict();
    this.#floor = Math.max(this.#floor, seq);
  }

  /**
   * Another history goes on after `seq` (I11): begins anew there. What came before cannot be kept,
   * because a purge beyond the fork may have erased of it what this history still holds.
   */
  beginAt(seq: number): void {
    this.#all.clear();
    this.#byMailbox.clear();
    this.#bytes = 0;
    this.#floor = seq;
  }

  /**
   * A page of the entries in `(after, upTo]` that match any of `patterns`. Call only with `after` ≥ `floor`.
   * `next`: up to where the page is whole.
   */
  read(request: WindowRead): WindowPage {
    const found = request.mode === 'latest' ? this.#newest(request) : this.#every(request);
    return cutPage(found, request);
  }

  #every({ patterns, after, upTo }: WindowRead): Iterable<Entry> {
    const [only] = patterns;
    if (patterns.length === 1 && only?.kind === 'exact') return this.#byMailbox.get(only.base)?.after(after, upTo) ?? [];
    const isWanted = anyOf(patterns);
    return filter(this.#all.after(after, upTo), (entry) => isWanted(entry.mailbox));
  }

  #newest({ patterns, after, upTo }: WindowRead): Iterable<Entry> {
    const newest: Entry[] = [];
    const take = (queue: SeqQueue | undefined): void => {
      const entry = queue?.lastUpTo(upTo);
      if (entry !== undefined && entry.seq > after) newest.push(entry);
    };
    if (patterns.every((p) => p.kind === 'exact')) {
      for (const name of new Set(patterns.map((p) => p.base))) take(this.#byMailbox.get(name));
    } else {
      const isWanted = anyOf(patterns);
      for (const [name, queue] of this.#byMailbox) if (isWanted(name)) take(queue);
    }
    return newest.sort((a, b) => a.seq - b.seq);
  }

  #evict(): void {
    this.#floor = Math.max(this.#floor, this.#all.firstSeq ?? 0);
    const entry = this.#all.shift();
    if (entry === undefined) return;
    const queue = this.#byMailbox.get(entry.mailbox);
    this.#bytes -= entryBytes(entry);
    queue?.shift();
    if (queue?.length === 0) this.#byMailbox.delete(entry.mailbox);
  }

  #erase(mailbox: string): void {
    const queue = this.#byMailbox.get(mailbox);
    if (queue === undefined) return;
    for (const entry of queue.after(0, Number.POSITIVE_INFINITY)) {
      this.#bytes -= entryBytes(entry);
      this.#all.erase(entry.seq);
    }
    this.#byMailbox.delete(mailbox);
  }
}

export interface WindowRead {
  readonly patterns: readonly Pattern[];
  readonly after: number;
  readonly upTo: number;
  readonly mode: 'every' | 'latest';
  readonly limit: number;
  readonly bytes: number;
}

export interface WindowPage {
  readonly entries: readonly Entry[];
  readonly next: number;
}

/** As much of `found`, ascending, as the request has room for, and at least one entry. */
export function cutPage(found: Iterable<Entry>, { upTo, limit, bytes }: WindowRead): WindowPage {
  const entries: Entry[] = [];
  let room = bytes;
  for (const entry of found) {
    room -= entryBytes(entry);
    if (entries.length === limit || (room < 0 && entries.length > 0)) return { entries, next: (entries.at(-1) as Entry).seq };
    entries.push(entry);
  }
  return { entries, next: upTo };
}

function* filter(entries: Iterable<Entry>, wanted: (entry: Entry) => boolean): Generator<Entry> {
  for (const entry of entries) if (wanted(entry)) yield entry;
}

/** Entries ascending by seq; taken from the front, found by binary search. An erased one leaves its seq behind for a while. */
class SeqQueue {
  #slots: (Entry | number | undefined)[];
  #start = 0;
  #erased = 0;

  constructor(...entries: Entry[]) {
    this.#slots = entries;
  }

  get length(): number {
    return this.#slots.length - this.#start;
  }

  get erased(): number {
    return this.#erased;
  }

  get firstSeq(): number | undefined {
    return this.length === 0 ? undefined : this.#seqAt(this.#start);
  }

  push(entry: Entry): void {
    this.#slots.push(entry);
  }

  /** @returns undefined where the first was erased, or there is none. */
  shift(): Entry | undefined {
    if (this.length === 0) return undefined;
    const slot = this.#slots[this.#start];
    this.#slots[this.#start] = undefined;
    this.#start += 1;
    if (typeof slot === 'number') this.#erased -= 1;
    // Half of the array is behind us: give it back. On average each entry is moved once.
    if (this.#start > 32 && this.#start * 2 > this.#slots.length) this.#compact();
    return typeof slot === 'number' ? undefined : slot;
  }

  clear(): void {
    this.#slots = [];
    this.#start = 0;
    this.#erased = 0;
  }

  erase(seq: number): void {
    this.#slots[this.#above(seq) - 1] = seq;
    this.#erased += 1;
    // Most are erased: forget their seqs. On average each entry is moved once more.
    if (this.#erased * 2 > this.length) this.#compact();
  }

  #compact(): void {
    this.#slots = this.#slots.slice(this.#start).filter((slot) => typeof slot !== 'number');
    this.#start = 0;
    this.#erased = 0;
  }

  *after(seq: number, upTo: number): Generator<Entry> {
    for (let i = this.#above(seq); i < this.#slots.length; i += 1) {
      const slot = this.#slots[i];
      if (slot === undefined || typeof slot === 'number') continue;
      if (slot.seq > upTo) return;
      yield slot;
    }
  }

  /** Not for a queue of which some were erased. */
  lastUpTo(seq: number): Entry | undefined {
    const index = this.#above(seq) - 1;
    return index < this.#start ? undefined : (this.#slots[index] as Entry);
  }

  /** Index of the first slot with a seq above this one. */
  #above(seq: number): number {
    let low = this.#start;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#seqAt(middle) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #seqAt(index: number): number {
    const slot = this.#slots[index] as Entry | number;
    return typeof slot === 'number' ? slot : slot.seq;
  }
}
