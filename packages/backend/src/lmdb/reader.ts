import { type Entry, type Extent, matches, type Pattern, type Position, resumeAt } from '@restante/protocol';
import { endBefore } from '../end-before.js';
import { TAIL_BYTES_MAX, TAIL_ENTRIES_MAX } from '../local-tail.js';
import type { LogPage, NewestRequest, ReadRequest, TailBatch } from '../log.js';
import { decodeEntry, mailboxOfEntry } from './entry-codec.js';
import { PageFiller } from './page-filler.js';
import type { Tables } from './tables.js';

/**
 * Pages of one log: picks the cheaper way to the entries, and never looks beyond the head that it is given, so nothing is shown
 * before it is as durable as promised. Keeps I3 and I11 while retention goes on beside it. Writes nothing.
 */

/** Seqs that one page may collect from indexes before it is cut; above, the log is scanned, which needs no memory. */
const SEQS_MAX = 1_000_000;
/** Reading one mailbox by its index costs about as much as scanning so many entries. */
const ENTRIES_PER_SEEK = 4;
/** A pattern that matches much fills its page from so many entries, and no index is looked at. A few exact names go to theirs at once. */
const FIRST_SCAN_ENTRIES = 2_000;
const EXACT_NAMES_FEW = 8;

export class Reader {
  readonly #tables: Tables;
  readonly #extent: () => Extent;

  constructor(tables: Tables, extent: () => Extent) {
    this.#tables = tables;
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
    await this.#fillNewest(page, request.patterns, extent.floor, end);
    const entries = page.entries.reverse();
    const [first] = entries;
    const now = this.#extent();
    // Retention may have gone on meanwhile: what it removed is not in the page for certain.
    const start = Math.max(now.floor, page.full && first !== undefined ? first.seq - 1 : extent.floor);
    return { ...now, ...completeness, start, entries: entries.filter((entry) => entry.seq > start), next: Math.max(start, end) };
  }

  /** Synchronous: a batch is small. */
  readAfter(after: Position | 'earliest'): TailBatch {
    const extent = this.#extent();
    const { start } = resumeAt(extent, after, true);
    const page = new PageFiller({ limit: TAIL_ENTRIES_MAX, bytes: TAIL_BYTES_MAX });
    for (const { seq, value } of this.#tables.rows(start, extent.head, TAIL_ENTRIES_MAX)) {
      if (!page.offer(decodeEntry(seq, value))) break;
    }
    return { ...extent, from: start, upTo: endOf(page, extent.head), entries: page.entries };
  }

  async #fillEvery(page: PageFiller, { patterns }: ReadRequest, start: number, upTo: number): Promise<number> {
    const take = offering(page, patterns);
    const scanned = areFewNames(patterns) ? start : Math.min(upTo, start + FIRST_SCAN_ENTRIES);
    await this.#tables.ascend(start, scanned, take);
    if (!page.full && scanned < upTo) {
      const mailboxes = await this.#mailboxes(patterns, scanned, upTo - scanned, page.room);
      if (mailboxes === undefined) await this.#tables.ascend(scanned, upTo, take);
      else
        this.#fillBySeqs(page, mailboxes.flatMap((mailbox) => this.#tables.seqsAfter(mailbox, scanned, upTo, page.room)).sort(ascending));
    }
    return endOf(page, upTo);
  }

  async #fillNewest(page: PageFiller, patterns: readonly Pattern[], floor: number, end: number): Promise<void> {
    const take = offering(page, patterns);
    const scanned = areFewNames(patterns) ? end : Math.max(floor, end - FIRST_SCAN_ENTRIES);
    await this.#tables.descend(end, scanned, take);
    if (page.full || scanned <= floor) return;
    const mailboxes = await this.#mailboxes(patterns, floor, scanned - floor, page.room);
    if (mailboxes === undefined) await this.#tables.descend(scanned, floor, take);
    else
      this.#fillBySeqs(page, mailboxes.flatMap((mailbox) => this.#tables.seqsBefore(mailbox, floor, scanned, page.room)).sort(descending));
  }

  async #fillLatest(page: PageFiller, request: ReadRequest, start: number, upTo: number): Promise<number> {
    const lowest = new LowestSeqs(request.limit);
    await this.#tables.mailboxes(request.patterns, Number.POSITIVE_INFINITY, (mailbox, newest) => {
      if (newest <= start) return true;
      const seq = newest <= upTo ? newest : this.#tables.seqsBefore(mailbox, start, upTo, 1)[0];
      if (seq !== undefined) lowest.add(seq);
      return true;
    });
    const seqs = lowest.seqs();
    this.#fillBySeqs(page, seqs);
    return endOf(page, lowest.dropped ? (seqs[seqs.length - 1] ?? upTo) : upTo);
  }

  #fillBySeqs(page: PageFiller, seqs: Iterable<number>): void {
    for (const seq of seqs) {
      const entry = this.#tables.entry(seq);
      // A purge or retention may have erased it since the index was read.
      if (entry !== undefined && !page.offer(entry)) return;
    }
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

/** The `limit` lowest of many seqs, each once, in memory for a few times `limit`. */
class LowestSeqs {
  readonly #limit: number;
  #kept: number[] = [];
  dropped = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(seq: number): void {
    this.#kept.push(seq);
    if (this.#kept.length > 4 * this.#limit + 1_000) this.#kept = this.seqs();
  }

  seqs(): number[] {
    const distinct = [...new Set(this.#kept)].sort(ascending);
    if (distinct.length > this.#limit) this.dropped = true;
    return distinct.slice(0, this.#limit);
  }
}

/** Up to where a page holds all: a full one up to its last entry, another up to where it was looked. */
function endOf(page: PageFiller, looked: number): number {
  const last = page.entries[page.entries.length - 1];
  return page.full && last !== undefined ? last.seq : looked;
}

/** Puts rows that match into the page, until that is full. */
function offering(page: PageFiller, patterns: readonly Pattern[]): (seq: number, value: Uint8Array) => boolean {
  return (seq, value) => {
    const mailbox = mailboxOfEntry(value);
    return !patterns.some((pattern) => matches(pattern, mailbox)) || page.offer(decodeEntry(seq, value));
  };
}

function areFewNames(patterns: readonly Pattern[]): boolean {
  return patterns.length <= EXACT_NAMES_FEW && patterns.every((pattern) => pattern.kind === 'exact');
}

const ascending = (a: number, b: number): number => a - b;
const descending = (a: number, b: number): number => b - a;
