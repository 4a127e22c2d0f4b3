import { anyOf, type Entry, type Extent, entryBytes, type Pattern, type Position, RestanteError, resumeAt } from '@restante/protocol';
import { endBefore } from '../end-before.js';
import type { LogPage, NewestRequest, ReadRequest } from '../log.js';
import type { Lineage } from './lineage.js';
import type { Scanner } from './scan.js';
import type { Decode, StoredMessage } from './stored-entry.js';
import { filtersOf, mailboxSubject } from './subjects.js';

/**
 * Pages of a stream. A page is read first and its history looked at afterwards, so that what it shows is of the history that it names (I11);
 * where that has changed meanwhile it is read again. It never claims more than the leader's head at its begin.
 */

export interface ReaderDeps {
  readonly log: string;
  readonly scanner: Scanner;
  readonly lineage: Lineage;
  readonly decode: Decode;
}

/** The first stretch that is searched backwards for the newest entries; each further one is four times as long. */
const STRETCH_MIN = 256;
const AHEAD_MS_MAX = 2_000;
const AHEAD_AGAIN_MS = 50;

export class StreamReader {
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  read(request: ReadRequest): Promise<LogPage> {
    return this.#within(request.after, async (extent) => {
      const resumption = resumeAt(extent, request.after, true, request.mode);
      const page = await (request.mode === 'latest'
        ? this.#latest(request, resumption.start, extent)
        : this.#every(request, resumption.start, extent));
      const { floor } = await this.#extentAfter();
      if (floor <= resumption.start) return { ...extent, ...resumption, ...page };
      // Retention has removed of what was being read: what is left above the floor is whole.
      const raised = resumeAt({ ...extent, floor }, request.after, true, request.mode);
      const entries = page.entries.filter(({ seq }) => seq > raised.start);
      return { ...extent, ...page, floor, ...raised, entries, next: Math.max(page.next, raised.start) };
    });
  }

  readNewest({ patterns, before, limit, bytes }: NewestRequest): Promise<LogPage> {
    return this.#within(before ?? 'earliest', async (extent) => {
      const { end, ...completeness } = endBefore(extent, before);
      const newest = await this.#newestBelow(patterns, end, extent.floor, new Newest(limit, bytes));
      const { floor } = await this.#extentAfter();
      const entries = newest.entries.filter(({ seq }) => seq > floor);
      const [first] = entries;
      const start = newest.isFull && first !== undefined ? first.seq - 1 : floor;
      return { ...extent, floor, ...completeness, start, entries, next: Math.max(end, floor) };
    });
  }

  /** Searches backwards, in stretches that grow. */
  async #newestBelow(patterns: readonly Pattern[], end: number, floor: number, newest: Newest): Promise<Newest> {
    let upTo = end;
    for (let stretch = Math.max(STRETCH_MIN, 4 * newest.limit); upTo > floor && !newest.isFull && newest.wantsMore; stretch *= 4) {
      const after = Math.max(floor, upTo - stretch);
      const found = newest.another();
      await this.#matching(patterns, after, upTo, (entry) => found.push(entry));
      newest.putBefore(found);
      upTo = after;
    }
    return newest;
  }

  /** Reads with the extent of now, and again where that turns out to have been another history's. */
  async #within(position: Position | 'earliest', read: (extent: Extent) => Promise<LogPage>): Promise<LogPage> {
    const { lineage } = this.#deps;
    try {
      await lineage.settle();
      for (;;) {
        const { epoch } = lineage;
        const page = await read(await this.#extentAt(position));
        if (lineage.epoch === epoch) return page;
      }
    } catch (error) {
      throw forReaders(error);
    }
  }

  /** A position may be ahead of the leader for a moment: another copy was faster, or the leader is new. */
  async #extentAt(position: Position | 'earliest'): Promise<Extent> {
    const { lineage } = this.#deps;
    for (const deadline = performance.now() + AHEAD_MS_MAX; ; ) {
      const info = await lineage.info();
      const extent = lineage.extentOf(info);
      const isAhead = position !== 'earliest' && position.epoch === lineage.epoch && position.seq > extent.head;
      if (!isAhead || info.config.num_replicas === 1 || performance.now() > deadline) return extent;
      await new Promise((resolve) => setTimeout(resolve, AHEAD_AGAIN_MS));
    }
  }

  async #extentAfter(): Promise<Extent> {
    const { lineage } = this.#deps;
    return lineage.extentOf(await lineage.check());
  }

  async #every({ patterns, limit, bytes, upTo: last }: ReadRequest, start: number, { head }: Extent): Promise<PageContent> {
    const upTo = Math.max(start, Math.min(last ?? head, head));
    const entries: Entry[] = [];
    let size = 0;
    let next = upTo;
    await this.#matching(patterns, start, upTo, (entry) => {
      size += entryBytes(entry);
      if (entries.length > 0 && (entries.length >= limit || size > bytes)) {
        next = entries.at(-1)?.seq ?? start;
        return false;
      }
      entries.push(entry);
      return true;
    });
    return { entries, next, head };
  }

  /** All matching entries in `(after, upTo]`, in order, until `take` has enough. */
  async #matching(patterns: readonly Pattern[], after: number, upTo: number, take: (entry: Entry) => boolean): Promise<void> {
    const { log, scanner } = this.#deps;
    const { messages: filter, purged } = filtersOf(log, patterns);
    const isWanted = anyOf(patterns);
    const controls: Entry[] = [];
    for (const control of purged)
      await scanner.scan({ filter: control, after, upTo }, (message) => this.#wanted(message, isWanted, controls));
    let control = 0;
    let isEnough = false;
    const offer = (entry: Entry): boolean => {
      while (!isEnough && control < controls.length && (controls[control] as Entry).seq < entry.seq) {
        isEnough = !take(controls[control] as Entry);
        control += 1;
      }
      isEnough ||= !take(entry);
      return !isEnough;
    };
    await scanner.scan({ filter, after, upTo }, (message) => {
      const entry = this.#deps.decode(message);
      return entry === undefined || !isWanted(entry.mailbox) || offer(entry);
    });
    for (; !isEnough && control < controls.length; control += 1) isEnough = !take(controls[control] as Entry);
  }

  #wanted(message: StoredMessage, isWanted: (mailbox: string) => boolean, into: Entry[]): true {
    const entry = this.#deps.decode(message);
    if (entry !== undefined && isWanted(entry.mailbox)) into.push(entry);
    return true;
  }

  async #latest({ patterns, limit, bytes, upTo: last }: ReadRequest, start: number, before: Extent): Promise<PageContent> {
    const { log, scanner, lineage } = this.#deps;
    // Where nothing lies beyond, the newest ascend to the head, and a page need not look at all of them.
    const isHead = last === undefined || last >= before.head;
    const isWanted = anyOf(patterns);
    const newest = new Map<string, Entry>();
    const note = (entry: Entry): void => {
      if (entry.seq > (newest.get(entry.mailbox)?.seq ?? 0)) newest.set(entry.mailbox, entry);
    };
    let reached = 0;
    /** Beyond, not everything was looked at. */
    let cutAt = Number.POSITIVE_INFINITY;
    for (const filter of filtersOf(log, patterns).newest) {
      let found = 0;
      let size = 0;
      await scanner.newest(filter, (message) => {
        reached = Math.max(reached, message.seq);
        const entry = this.#deps.decode(message);
        if (entry === undefined || !isWanted(entry.mailbox) || (isHead && entry.seq <= start)) return true;
        note(entry);
        found += 1;
        size += entryBytes(entry);
        // One more than a page holds is enough to know that there are more.
        if (!isHead || found < 2 || (found <= limit && size <= bytes)) return true;
        cutAt = Math.min(cutAt, entry.seq);
        return false;
      });
    }
    // As of now, so that nothing that was found lies beyond.
    const head = last === undefined ? Math.max(reached, lineage.extentOf(await lineage.info()).head) : before.head;
    const upTo = Math.max(start, Math.min(last ?? head, head));
    // The copy that answered may lag: what lies beyond its newest, the leader is asked for.
    if (cutAt > upTo) {
      await this.#matching(patterns, reached, upTo, (entry) => {
        note(entry);
        return true;
      });
    }
    await this.#asOf(upTo, newest);
    if (cutAt <= upTo) await this.#dropOvertaken(newest);
    const end = Math.min(upTo, cutAt);
    const candidates = [...newest.values()].filter(({ seq }) => seq > start && seq <= end).toSorted((a, b) => a.seq - b.seq);
    return { ...firstOf(candidates, limit, bytes, end), head };
  }

  /** Where not everything was looked at, a message that is newer than its mailbox's purge may be among the rest. */
  async #dropOvertaken(newest: Map<string, Entry>): Promise<void> {
    const { log, scanner } = this.#deps;
    for (const [mailbox, { kind, seq }] of newest) {
      if (kind === 'purged' && (await scanner.next(mailboxSubject(log, mailbox), seq)) !== undefined) newest.delete(mailbox);
    }
  }

  /** Puts in place of what is newer than `upTo` the newest up to there, which must be searched for. */
  async #asOf(upTo: number, newest: Map<string, Entry>): Promise<void> {
    const { floor } = this.#deps.lineage.extent;
    for (const [mailbox, { seq }] of newest) {
      if (seq <= upTo) continue;
      newest.delete(mailbox);
      const found = await this.#newestBelow([{ text: mailbox, base: mailbox, kind: 'exact' }], upTo, floor, new Newest(1, 0));
      for (const entry of found.entries) newest.set(mailbox, entry);
    }
  }
}

/** What a reading found, and up to where. */
type PageContent = Pick<LogPage, 'entries' | 'next' | 'head'>;

/** Whoever reads comes back when an operator has mended the log, and must not give up before. */
function forReaders(error: unknown): unknown {
  const isMismatch = error instanceof RestanteError && error.code === 'LOG_MISMATCH';
  return isMismatch ? new RestanteError('LOG_UNAVAILABLE', error.message, { cause: error }) : error;
}

function firstOf(candidates: readonly Entry[], limit: number, bytes: number, upTo: number): Pick<LogPage, 'entries' | 'next'> {
  const entries: Entry[] = [];
  let size = 0;
  for (const entry of candidates) {
    size += entryBytes(entry);
    if (entries.length > 0 && (entries.length >= limit || size > bytes)) return { entries, next: entries.at(-1)?.seq ?? upTo };
    entries.push(entry);
  }
  return { entries, next: upTo };
}

/** The newest of what is pushed, within the limits of a page. */
class Newest {
  readonly limit: number;
  readonly #bytes: number;
  #entries: Entry[] = [];
  #size = 0;
  /** There were more than the limits allow. */
  isFull = false;

  constructor(limit: number, bytes: number) {
    this.limit = limit;
    this.#bytes = bytes;
  }

  /** With the same limits. */
  another(): Newest {
    return new Newest(this.limit, this.#bytes);
  }

  /** Fewer than the limits allow, so that what lies before may fit too; of one alone nothing more is asked. */
  get wantsMore(): boolean {
    return this.limit > 1 || this.#entries.length === 0;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  push(entry: Entry): true {
    this.#entries.push(entry);
    this.#size += entryBytes(entry);
    this.#trim();
    return true;
  }

  /** What `older` has lies before all that is here, and nothing in between. */
  putBefore(older: Newest): void {
    this.#entries = [...older.#entries, ...this.#entries];
    this.#size += older.#size;
    this.isFull ||= older.isFull;
    this.#trim();
  }

  #trim(): void {
    let drop = 0;
    for (; this.#entries.length - drop > 1; drop += 1) {
      if (this.#entries.length - drop <= this.limit && this.#size <= this.#bytes) break;
      this.#size -= entryBytes(this.#entries[drop] as Entry);
      this.isFull = true;
    }
    if (drop > 0) this.#entries.splice(0, drop);
  }
}
