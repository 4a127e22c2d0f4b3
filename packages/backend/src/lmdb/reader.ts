import { setImmediate } from 'node:timers/promises';
import { anyOf, type Entry, type Extent, type Pattern, type Position, resumeAt } from '@restante/protocol';
import { endBefore } from '../end-before.js';
import { TAIL_BYTES_MAX, TAIL_ENTRIES_MAX } from '../local-tail.js';
import type { LogPage, NewestRequest, ReadRequest, TailBatch } from '../log.js';
import { decodeEntry, mailboxOfEntry } from './entry-codec.js';
import { PageFiller } from './page-filler.js';
import type { Purged } from './purged.js';
import { ROWS_PER_TURN, type Tables } from './tables.js';

/**
 * Pages of one log: picks the cheaper way to the entries, and never looks beyond the head that it is given, so nothing is shown
 * before it is as durable as promised. Keeps I3 and I11 while retention goes on beside it. Writes nothing.
 */

/** Seqs that one page may look at in indexes; where it could be more, the log is scanned. */
const SEQS_MAX = 1_000_000;
/** Finding the place of a mailbox in its index costs about as much as so many rows. */
const SEEK_ROWS = 10;
/** Reading one mailbox by its index costs about as much as scanning so many entries. */
const ENTRIES_PER_SEEK = 4;
/** A pattern that matches much fills its page from so many entries, and no index is looked at. A few exact names go to theirs at once. */
const FIRST_SCAN_ENTRIES = 2_000;
const EXACT_NAMES_FEW = 8;

export class Reader {
  readonly #tables: Tables;
  readonly #purged: Purged;
  readonly #extent: () => Extent;

  constructor(tables: Tables, purged: Purged, extent: () => Extent) {
    this.#tables = tables;
    this.#purged = purged;
    this.#extent = extent;
  }

  async read(request: ReadRequest): Promise<LogPage> {
    const extent = this.#extent();
    const { start } = resumeAt(extent, request.after, true, request.mode);
    const upTo = Math.max(start, Math.min(request.upTo ?? extent.head, extent.head));
    const page = new PageFiller(request);
    const fill = request.mode === 'latest' ? this.#fillLatest(page, request, start, upTo) : this.#fillEvery(page, request, start, upTo);
    return this.#page(request, page.entries, await fill);
  }

  async readNewest(request: NewestRequest): Promise<LogPage> {
    const extent = this.#extent();
    const { end, ...completeness } = endBefore(extent, request.before);
    const page = new PageFiller(request);
    const beginning = await this.#fillNewest(page, request.patterns, extent.floor, end);
    const entries = page.entries.reverse();
    const now = this.#extent();
    // Retention may have gone on meanwhile: what it removed is not in the page for certain.
    const start = Math.max(now.floor, beginning);
    return { ...now, ...completeness, start, entries: entries.filter((entry) => entry.seq > start), next: Math.max(start, end) };
  }

  /** Synchronous: a batch is small. */
  readAfter(after: Position | 'earliest'): TailBatch {
    const extent = this.#extent();
    const { start } = resumeAt(extent, after, true);
    const page = new PageFiller({ limit: TAIL_ENTRIES_MAX, bytes: TAIL_BYTES_MAX });
    let rows = 0;
    let looked = start;
    for (const { seq, value } of this.#tables.rows(start, extent.head, TAIL_ENTRIES_MAX)) {
      rows += 1;
      looked = seq;
      if (!this.#purged.has(seq, value) && !page.offer(decodeEntry(seq, value))) break;
    }
    return { ...extent, from: start, upTo: endOf(page, rows < TAIL_ENTRIES_MAX ? extent.head : looked), entries: page.entries };
  }

  async #fillEvery(page: PageFiller, { patterns }: ReadRequest, start: number, upTo: number): Promise<number> {
    const take = offering(page, patterns);
    const scanned = areFewNames(patterns) ? start : Math.min(upTo, start + FIRST_SCAN_ENTRIES);
    await this.#tables.ascend(start, scanned, take);
    if (page.full || scanned >= upTo) return endOf(page, upTo);
    const mailboxes = await this.#mailboxes(patterns, scanned, upTo - scanned, page.room);
    if (mailboxes === undefined) {
      await this.#tables.ascend(scanned, upTo, take);
      return endOf(page, upTo);
    }
    const first = new FirstSeqs(page.room, ascending);
    await this.#collect(mailboxes, (mailbox) => first.addAll(this.#tables.seqsAfter(mailbox, scanned, first.bound ?? upTo, first.limit)));
    return this.#fillBySeqs(page, first, upTo);
  }

  /** @returns the seq after which the page holds every matching entry. */
  async #fillNewest(page: PageFiller, patterns: readonly Pattern[], floor: number, end: number): Promise<number> {
    const take = offering(page, patterns);
    const scanned = areFewNames(patterns) ? end : Math.max(floor, end - FIRST_SCAN_ENTRIES);
    await this.#tables.descend(end, scanned, take);
    if (page.full || scanned <= floor) return beginningOf(page, floor);
    const mailboxes = await this.#mailboxes(patterns, floor, scanned - floor, page.room);
    if (mailboxes === undefined) {
      await this.#tables.descend(scanned, floor, take);
      return beginningOf(page, floor);
    }
    const first = new FirstSeqs(page.room, descending);
    await this.#collect(mailboxes, (mailbox) => {
      const above = first.bound === undefined ? floor : first.bound - 1;
      return first.addAll(this.#tables.seqsBefore(mailbox, above, scanned, first.limit));
    });
    const looked = this.#fillBySeqs(page, first, floor + 1);
    return beginningOf(page, looked - 1);
  }

  async #fillLatest(page: PageFiller, { patterns }: ReadRequest, start: number, upTo: number): Promise<number> {
    const newestUpTo = (mailbox: string, newest: number): number | undefined =>
      newest <= upTo ? newest : this.#tables.seqsBefore(mailbox, start, upTo, 1)[0];
    const isWanted = anyOf(patterns);
    // A page ascends by seq: where many mailboxes are new, the next entries of the log fill it, and not every page looks at every name.
    const scanned = areFewNames(patterns) ? start : Math.min(upTo, start + FIRST_SCAN_ENTRIES);
    await this.#tables.ascend(start, scanned, (seq, value) => {
      const mailbox = mailboxOfEntry(value);
      if (!isWanted(mailbox)) return true;
      const newest = this.#tables.newestOf(mailbox);
      return newest === undefined || newestUpTo(mailbox, newest) !== seq || page.offer(decodeEntry(seq, value));
    });
    if (page.full || scanned >= upTo) return endOf(page, upTo);
    const first = new FirstSeqs(page.room, ascending);
    await this.#tables.mailboxes(patterns, Number.POSITIVE_INFINITY, (mailbox, newest) => {
      const seq = newest > scanned ? newestUpTo(mailbox, newest) : undefined;
      if (seq !== undefined && seq > scanned) first.addAll([seq]);
      return true;
    });
    return this.#fillBySeqs(page, first, upTo);
  }

  /** Looks at every mailbox, and lets the event loop turn now and then. */
  async #collect(mailboxes: readonly string[], look: (mailbox: string) => number): Promise<void> {
    let rows = 0;
    for (const mailbox of mailboxes) {
      rows += SEEK_ROWS + look(mailbox);
      if (rows < ROWS_PER_TURN) continue;
      rows = 0;
      await setImmediate();
    }
  }

  /** @returns up to where the page holds all: `end`, where nothing was left out. */
  #fillBySeqs(page: PageFiller, first: FirstSeqs, end: number): number {
    const seqs = first.seqs();
    for (const seq of seqs) {
      const entry = this.#tables.entry(seq);
      // A purge or retention may have erased it since the index was read.
      if (entry !== undefined && !page.offer(entry)) return endOf(page, end);
    }
    return seqs.length < first.limit ? end : (seqs[seqs.length - 1] ?? end);
  }

  /** The matching mailboxes that have entries after `start`, where reading each by its index is cheaper than a scan of `span` entries. */
  async #mailboxes(patterns: readonly Pattern[], start: number, span: number, limit: number): Promise<string[] | undefined> {
    const rowsMax = Math.min(span / ENTRIES_PER_SEEK, SEQS_MAX / limit);
    if (patterns.length > rowsMax) return undefined;
    const mailboxes = new Set<string>();
    const all = await this.#tables.mailboxes(patterns, rowsMax, (mailbox, newest) => {
      if (newest > start) mailboxes.add(mailbox);
      return true;
    });
    return all ? [...mailboxes] : undefined;
  }

  /**
   * The page as it stands after the last look: where retention overtook the reading, some of what it removed may be missing,
   * so the page begins at the new floor.
   */
  #page({ after, mode }: ReadRequest, entries: readonly Entry[], next: number): LogPage {
    const extent = this.#extent();
    const resumption = resumeAt(extent, after, true, mode);
    const { start } = resumption;
    const kept = entries[0] === undefined || entries[0].seq > start ? entries : entries.filter((entry) => entry.seq > start);
    return { ...extent, ...resumption, entries: kept, next: Math.max(start, next) };
  }
}

/** The first `limit` of many seqs in an order, each once, in memory for a few times `limit`. */
class FirstSeqs {
  readonly limit: number;
  /** Once there are enough: seqs beyond this one are not among the first. */
  bound: number | undefined;
  readonly #order: (a: number, b: number) => number;
  #kept: number[] = [];

  constructor(limit: number, order: (a: number, b: number) => number) {
    this.limit = limit;
    this.#order = order;
  }

  /** @returns how many these were. */
  addAll(seqs: readonly number[]): number {
    for (const seq of seqs) this.#kept.push(seq);
    if (this.#kept.length > 4 * this.limit + 1_000) {
      this.#kept = this.seqs();
      this.bound = this.#kept[this.limit - 1];
    }
    return seqs.length;
  }

  seqs(): number[] {
    return [...new Set(this.#kept)].sort(this.#order).slice(0, this.limit);
  }
}

/** Up to where a page holds all: a full one up to its last entry, another up to where it was looked. */
function endOf(page: PageFiller, looked: number): number {
  const last = page.entries[page.entries.length - 1];
  return page.full && last !== undefined ? last.seq : looked;
}

/** The same downwards, of a page whose entries descend. */
function beginningOf(page: PageFiller, looked: number): number {
  const last = page.entries[page.entries.length - 1];
  return page.full && last !== undefined ? last.seq - 1 : looked;
}

/** Puts rows that match into the page, until that is full. */
function offering(page: PageFiller, patterns: readonly Pattern[]): (seq: number, value: Uint8Array) => boolean {
  const isWanted = anyOf(patterns);
  return (seq, value) => !isWanted(mailboxOfEntry(value)) || page.offer(decodeEntry(seq, value));
}

function areFewNames(patterns: readonly Pattern[]): boolean {
  return patterns.length <= EXACT_NAMES_FEW && patterns.every((pattern) => pattern.kind === 'exact');
}

const ascending = (a: number, b: number): number => a - b;
const descending = (a: number, b: number): number => b - a;
