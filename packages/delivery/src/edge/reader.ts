import type { Cursor, Entry, Extent, GapReason, Pattern, Position } from '@restante/protocol';
import { currentEpoch, resumeAt } from '@restante/protocol';
import type { Connection } from './connection.js';
import type { EdgeLog } from './edge-log.js';
import type { PageAnswer } from '../wire/messages.js';

/**
 * A reader: one subscription of one connection, `catching-up` or `live` (docs/delivery.md, R1–R7). It has a part in every log
 * that its patterns touch, each with its own cursor; it goes live and falls behind as a whole, because its client knows it as one.
 * A live reader has no cursor: it stands at its logs' `fanned`. Keeps I2 and I3; there is no queue, only a place to read on from.
 */

export type ReaderState = 'catching-up' | 'live';

export type ReadMode = 'every' | 'latest';

/** Where a reader begins. A log that a cursor lacks begins at its earliest entry. */
export type After = 'now' | 'earliest' | Cursor;

export class Reader {
  readonly connection: Connection;
  readonly mode: ReadMode;
  readonly patterns: readonly Pattern[];
  readonly parts: Part[] = [];
  state: ReaderState = 'catching-up';
  ended = false;
  #subscribed = false;

  constructor(connection: Connection, mode: ReadMode, patterns: readonly Pattern[]) {
    this.connection = connection;
    this.mode = mode;
    this.patterns = patterns;
  }

  /** The whole cursor: what the client may resume from once it has what was written so far. */
  get cursor(): Cursor {
    const cursor = new Map<string, Position>();
    for (const part of this.parts) cursor.set(part.log.name, this.state === 'live' ? part.log.fannedPosition : part.cursor);
    return cursor;
  }

  get isSubscribed(): boolean {
    return this.#subscribed;
  }

  /** Once all parts know where they begin the client is told, once, before anything else. @returns was it told by now? */
  tellSubscribed(): boolean {
    if (this.#subscribed) return true;
    if (!this.parts.every((part) => part.isPlaced)) return false;
    this.#subscribed = true;
    this.#tellWhereItBegins();
    // The other parts may have waited for this one.
    if (this.parts.length > 1) for (const part of this.parts) part.on({ type: 'pump' }, part.log.now());
    return true;
  }

  /** Two logs may have gaps for two reasons: each is told with the cursor that it concerns. */
  #tellWhereItBegins(): void {
    const { connection, cursor, parts } = this;
    const [first, second] = new Set(parts.flatMap(({ gapAtStart }) => (gapAtStart === undefined ? [] : [gapAtStart.reason])));
    const told = new Map(cursor);
    for (const { log, gapAtStart } of parts)
      if (gapAtStart !== undefined && gapAtStart.reason === second) told.set(log.name, gapAtStart.after);
    connection.outlet.subscribed(this, told, first);
    if (second !== undefined) connection.outlet.gap(this, cursor, second);
  }

  /** R2, for all parts at the same moment. */
  goLive(): void {
    if (this.state === 'live' || !this.parts.every((part) => part.mayBeLive)) return;
    const { cursor } = this;
    this.state = 'live';
    for (const part of this.parts) part.log.wentLive(part);
    this.connection.changed();
    this.connection.outlet.live(this, cursor);
  }

  /** Back to catching up, each part at its log's `fanned`: what was written whole counts, nothing else does (R6). */
  fallBack(): void {
    if (this.state !== 'live') return;
    for (const part of this.parts) part.standAtFanned();
    this.state = 'catching-up';
    for (const part of this.parts) part.log.fellBack(part);
    this.connection.changed();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.connection.readers.delete(this);
    this.connection.changed();
    for (const part of this.parts) part.log.remove(part);
  }
}

type PartEvent =
  | { readonly type: 'pump' }
  | { readonly type: 'page'; readonly page: PageAnswer | 'failed'; readonly ticket: number }
  | { readonly type: 'placed'; readonly extent: Extent | undefined; readonly ticket: number }
  | { readonly type: 'deactivated' }
  /** `before`: the epoch that forked after `fork`; `epoch`: the one that goes on from there. */
  | { readonly type: 'history'; readonly before: string; readonly fork: number; readonly epoch: string }
  | { readonly type: 'incomplete'; readonly upTo: number };

type Cells = { readonly [E in PartEvent as E['type']]: (part: Part, event: E, now: number) => void };

const ignore = (): void => undefined;

/** What a reader has in one log. */
export class Part {
  /** The table of docs/delivery.md, cell by cell. The pass itself is the connection's (R6). */
  static readonly #TABLE: Readonly<Record<ReaderState, Cells>> = {
    'catching-up': {
      pump: (part, _, now) => part.#pump(now),
      page: (part, { page, ticket }, now) => part.#onPage(page, ticket, now),
      placed: (part, { extent, ticket }, now) => part.#onPlaced(extent, ticket, now),
      deactivated: ignore,
      history: (part, event) => part.#onHistory(event),
      incomplete: ignore,
    },
    live: {
      pump: ignore,
      page: ignore,
      placed: ignore,
      deactivated: (part) => part.reader.connection.fallBehind(),
      history: (part, event) => {
        if (part.log.fanned <= event.fork) return;
        part.reader.connection.fallBehind();
        part.#onHistory(event);
      },
      incomplete: (part, { upTo }) => part.reader.connection.outlet.gap(part.reader, part.#cursorWith(upTo), 'retention'),
    },
  };

  readonly reader: Reader;
  readonly log: EdgeLog;
  readonly patterns: readonly Pattern[];
  /** Where the client said to begin, until that is settled. */
  readonly #after: 'now' | 'earliest' | Position;
  #cursor: Position | undefined;
  /** What follows upon where the client said to begin is gone, up to the cursor. */
  gapAtStart: { readonly after: Position; readonly reason: GapReason } | undefined;
  /** Only the answer to the newest question counts. */
  #ticket = 0;
  #asking = false;
  #retryAt = 0;
  /** The first page of a run begins on the grid, so that others can share it. */
  #onGrid = true;

  constructor(reader: Reader, log: EdgeLog, patterns: readonly Pattern[], after: 'now' | 'earliest' | Position) {
    this.reader = reader;
    this.log = log;
    this.patterns = patterns;
    this.#after = after;
  }

  on(event: PartEvent, now: number): void {
    (Part.#TABLE[this.reader.state][event.type] as (part: Part, event: PartEvent, now: number) => void)(this, event, now);
  }

  get isPlaced(): boolean {
    return this.#cursor !== undefined;
  }

  get cursor(): Position {
    if (this.#cursor === undefined) throw new Error('a part that is not placed has no cursor');
    return this.#cursor;
  }

  get retryAt(): number {
    return this.#retryAt;
  }

  get #isOfThisHistory(): boolean {
    return this.#cursor?.epoch === this.log.epoch;
  }

  get mayBeLive(): boolean {
    return this.#isOfThisHistory && this.#cursor?.seq === this.log.fanned && this.log.isHeld(this.patterns, this.#cursor.seq);
  }

  standAtFanned(): void {
    this.#cursor = this.log.fannedPosition;
    this.#onGrid = true;
    this.#ticket += 1;
    this.#asking = false;
    this.#retryAt = 0;
  }

  // ---- where to begin

  /** Settles `after`. What this edge cannot prove is asked of the log itself, before anybody is told of another history (L10). */
  #place(now: number): void {
    const after = this.#after;
    if (after === 'now') {
      this.#cursor = this.log.fannedPosition;
    } else if (after !== 'earliest' && this.log.isInRing(after)) {
      this.#cursor = after;
    } else {
      this.#askState();
      return;
    }
    this.#pump(now);
  }

  #askState(): void {
    this.#ask();
    const ticket = this.#ticket;
    this.log.askState((extent) => this.on({ type: 'placed', extent, ticket }, this.log.now()));
  }

  #onPlaced(extent: Extent | undefined, ticket: number, now: number): void {
    if (!this.#answered(ticket)) return;
    if (extent === undefined) {
      this.#retryLater(now);
      return;
    }
    const { connection, mode } = this.reader;
    const before = this.#cursor;
    const from = before ?? (this.#after === 'now' ? 'earliest' : this.#after);
    const { start, complete, reason } = resumeAt(extent, from, true, mode);
    this.#cursor = { epoch: currentEpoch(extent.epochs), seq: start };
    this.#onGrid = true;
    if (!complete && reason !== undefined) {
      if (before === undefined) this.gapAtStart = { after: from as Position, reason };
      else connection.outlet.gap(this.reader, this.reader.cursor, reason);
    }
    // The log is where it was: whatever answered otherwise needs time.
    if (before?.epoch === this.#cursor.epoch && before.seq === start) this.#retryLater(now);
    this.#pump(now);
  }

  // ---- catching up

  #pump(now: number): void {
    while (!this.#asking && now >= this.#retryAt && this.reader.state === 'catching-up' && !this.reader.ended) {
      if (!this.log.hasBegun) return this.log.waits(this);
      if (this.reader.connection.outlet.isFull) return;
      if (this.#cursor === undefined) return this.#place(now);
      if (!this.reader.tellSubscribed()) return;
      const { seq } = this.#cursor;
      if (this.#isOfThisHistory) {
        if (seq > this.log.fanned) return this.log.waits(this);
        if (seq === this.log.fanned) return this.#wantLive();
        if (this.log.ring.floor <= seq && this.log.isHeld(this.patterns, seq)) {
          this.#takeFromRing(seq);
          continue;
        }
      }
      return this.#read(now);
    }
  }

  /** At the end of what was passed on: live if all parts are, else there is more to wait for. */
  #wantLive(): void {
    this.reader.goLive();
    if (this.reader.state !== 'live') this.log.waits(this);
  }

  #takeFromRing(seq: number): void {
    const page = this.log.ring.read({
      patterns: this.patterns,
      after: seq,
      upTo: this.log.fanned,
      mode: this.reader.mode,
      limit: this.log.limits.pageEntries,
      bytes: this.log.limits.pageBytes,
    });
    this.#deliver(page.entries, page.next, this.log.epoch, undefined);
  }

  #read(now: number): void {
    this.#ask();
    const ticket = this.#ticket;
    const { epoch, seq } = this.cursor;
    const after = this.#onGrid ? seq - (seq % this.log.limits.gridEntries) : seq;
    const request = { patterns: this.patterns, mode: this.reader.mode, epoch, after };
    this.log.reads.read(request, seq, now, (page) => this.on({ type: 'page', page, ticket }, this.log.now()));
  }

  #onPage(page: PageAnswer | 'failed', ticket: number, now: number): void {
    if (!this.#answered(ticket)) return;
    if (page === 'failed') {
      this.#retryLater(now);
      return;
    }
    const { epoch, seq } = this.cursor;
    // Not what it asked for: retention or another history came between. The log itself says where to go on.
    if (currentEpoch(page.epochs) !== epoch || page.start > seq) {
      this.#askState();
      return;
    }
    const next = Math.max(seq, page.next);
    if (next === seq && (!this.#onGrid || page.next === page.head)) this.#retryLater(now);
    const whole = page.start === seq ? page : undefined;
    this.#onGrid = false;
    this.#deliver(whole === undefined ? page.entries.filter((e) => e.seq > seq) : page.entries, next, epoch, whole);
    this.#pump(now);
  }

  #deliver(entries: readonly Entry[], next: number, epoch: string, whole: PageAnswer | undefined): void {
    this.#cursor = { epoch, seq: next };
    if (entries.length > 0)
      this.reader.connection.outlet.page(this.reader, this.reader.cursor, { log: this.log.name, epoch, entries, shared: whole });
  }

  // ---- another history

  #onHistory({ before, fork, epoch }: { before: string; fork: number; epoch: string }): void {
    // Answers under way are about what was.
    this.#ticket += 1;
    this.#asking = false;
    this.log.waits(this);
    const cursor = this.#cursor;
    if (cursor === undefined || cursor.epoch !== before) return;
    // Nobody was told yet where it begins: it begins anew.
    if (!this.reader.isSubscribed) this.#cursor = undefined;
    else if (cursor.seq <= fork && this.reader.mode === 'every') this.#cursor = { epoch, seq: cursor.seq };
    else this.#askState();
  }

  #cursorWith(seq: number): Cursor {
    return new Map(this.reader.cursor).set(this.log.name, { epoch: this.log.epoch, seq });
  }

  #ask(): void {
    this.#ticket += 1;
    this.#asking = true;
  }

  #answered(ticket: number): boolean {
    if (ticket !== this.#ticket || !this.#asking || this.reader.ended) return false;
    this.#asking = false;
    return true;
  }

  #retryLater(now: number): void {
    this.#retryAt = now + this.log.limits.retryMs;
    this.log.retryLater(this);
  }
}
