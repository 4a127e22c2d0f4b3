import { type Cursor, type GapReason, matches, type Pattern, parseCursor, type Position, RestanteError } from '@restante/protocol';
import type { MessageEvent, ReaderEvent, ReaderTold } from './events.js';
import { firstAbove, type Known, type KnownLog, name, type Published } from './known.js';
import { Contradiction } from './verdict.js';

/**
 * Walks what one reader was told, and holds every step against the log (I2, I3, I6, I11): nothing owed is passed over, nothing comes
 * twice or out of order, no gap without cause, no other history in silence. Knows nothing of connections, formats or time.
 */

/** Where a reader stands in one log. Without an epoch: at the start, having seen nothing; what retention removed is not owed there. */
interface Place {
  readonly epoch: string | undefined;
  readonly seq: number;
}

/** One reader in one log. */
interface Track {
  readonly log: KnownLog;
  /** undefined: unknown until the reader is told something. */
  place: Place | undefined;
  /** Up to where it has seen everything, over all its connections; `place` is behind that while a connection repeats. */
  furthest: Place | undefined;
  /** Where the very first connection began. A `latest` run that starts anew on another epoch goes back to it. */
  base: Place | undefined;
  /** What the reader is owed in the epoch that it was told of last. */
  due?: { readonly epoch: string; readonly entries: readonly Known[] };
  /** `latest`: what the reader holds of each mailbox. */
  readonly newest: Map<string, Known>;
  /** `latest`: what it was sent of each mailbox since its run began, or began anew upon another history. */
  readonly sent: Map<string, Known>;
}

export interface ReaderStory {
  readonly reader: ReaderEvent;
  readonly patterns: readonly Pattern[];
  /** Indexes into the history. */
  readonly told: readonly number[];
}

export class Run {
  readonly #story: ReaderStory;
  readonly #events: readonly ReaderTold[];
  readonly #logs: ReadonlyMap<string, KnownLog>;
  readonly #published: Published;
  readonly #tracks = new Map<string, Track>();
  /** What the newest connection asked for. */
  #after: 'now' | 'earliest' | Cursor | undefined;
  #connected = false;
  /** When the newest connection asked. */
  #asked = 0;
  /** Has this connection brought any message? */
  #received = false;
  #at = -1;

  /** @param events the whole history; the story's indexes point into it. */
  constructor(story: ReaderStory, events: readonly unknown[], logs: ReadonlyMap<string, KnownLog>, published: Published) {
    this.#story = story;
    this.#events = events as readonly ReaderTold[];
    this.#logs = logs;
    this.#published = published;
  }

  /** @returns how many messages were received. @throws Contradiction the first one */
  walk(): number {
    let messages = 0;
    for (this.#at of this.#story.told) {
      const event = this.#events[this.#at] as ReaderTold;
      if (event.type === 'message') {
        this.#message(event);
        messages++;
      } else if (event.type === 'position') this.#position(this.#cursor(event.cursor));
      else if (event.type === 'connect') this.#connect(event.after, event.start);
      else if (event.type === 'subscribed') this.#subscribed(this.#cursor(event.cursor), event.complete, event.reason);
      else if (event.type === 'gap') this.#gap(event.cursor === undefined ? undefined : this.#cursor(event.cursor), event.reason);
      else this.#end();
    }
    return messages;
  }

  #connect(after: string | undefined, start = 0): void {
    const asked = after === undefined || after === 'now' || after === 'earliest' ? after : this.#cursor(after);
    // What a resuming reader says it has seen, the server told it: a position that skipped something is found here at the latest.
    if (asked instanceof Map && this.#connected)
      for (const [log, position] of asked) {
        const track = this.#tracks.get(log);
        if (track?.furthest === undefined || !isAhead(track.log, track.furthest, position)) continue;
        track.place = track.furthest;
        this.#moveTo(track, position.epoch, position.seq);
      }
    this.#after = asked;
    this.#asked = start;
    this.#connected = true;
    this.#received = false;
    for (const track of this.#tracks.values()) track.place = this.#start(track.log);
    for (const track of this.#tracks.values()) track.base ??= track.place;
  }

  #subscribed(cursor: Cursor, complete: boolean, reason: GapReason | undefined): void {
    if (complete) this.#position(cursor);
    else this.#gap(cursor, reason ?? 'history');
  }

  #message(event: MessageEvent): void {
    if (!this.#story.patterns.some((pattern) => matches(pattern, event.mailbox)))
      throw this.#found('NOT_ASKED_FOR', `${name(event)} came to a reader of ${this.#story.reader.patterns.join(', ')}`);
    const track = this.#track(event.log);
    const entry = track.log.at(event.epoch, event.seq) as Known;
    if (!event.purged && this.#isErased(track, entry))
      throw this.#found('PURGED_BUT_SENT', `${name(entry)} at ${text(track.log, event)} had been erased before it connected`);
    const held = track.sent.get(event.mailbox);
    const isOlder = held !== undefined && held.seq > entry.seq && (track.log.lineage.shared(held.epoch, event.epoch) ?? 0) >= held.seq;
    if (this.#story.reader.mode === 'latest' && isOlder)
      throw this.#found('LATEST_WENT_BACK', `${name(entry)} at ${text(track.log, event)} came after ${name(held)} at seq ${held.seq}`);
    this.#enter(track, event.epoch);
    const { place } = track;
    if (place?.epoch !== undefined && event.seq <= place.seq) throw this.#notAfter(track, event, place);
    this.#pass(track, event.epoch, event.seq - 1);
    this.#stand(track, { epoch: event.epoch, seq: event.seq });
    track.newest.set(event.mailbox, entry);
    track.sent.set(event.mailbox, entry);
    this.#received = true;
  }

  #isErased({ log }: Track, entry: Known): boolean {
    const purges = this.#published.purgedBefore(entry.mailbox, this.#asked);
    return purges.some(({ log: of, position }) => of === log.name && position !== undefined && log.isBefore(entry, position));
  }

  #position(cursor: Cursor): void {
    for (const [log, { epoch, seq }] of cursor) if (this.#logs.has(log)) this.#moveTo(this.#track(log), epoch, seq);
  }

  /** The server says that everything up to here was sent. */
  #moveTo(track: Track, epoch: string, seq: number): void {
    this.#enter(track, epoch);
    const { place } = track;
    if (place?.epoch !== undefined && seq < place.seq)
      throw this.#found(
        'POSITION_WENT_BACK',
        `${text(track.log, { epoch, seq })} is before ${text(track.log, place)}, where the reader stood`,
      );
    this.#pass(track, epoch, seq);
    this.#stand(track, { epoch, seq });
    track.base ??= track.place;
  }

  #gap(cursor: Cursor | undefined, reason: GapReason): void {
    const tracks =
      cursor === undefined ? this.#allTracks() : [...cursor.keys()].filter((log) => this.#logs.has(log)).map((log) => this.#track(log));
    const causes = tracks.map((track) => this.#cause(track, cursor?.get(track.log.name), reason));
    if (causes.every((cause) => cause === undefined))
      throw this.#found('GAP_WITHOUT_CAUSE', `a gap by ${reason}, but ${tracks.map((track) => this.#why(track)).join('; ')}`);
    for (const [i, track] of tracks.entries()) this.#pastGap(track, cursor?.get(track.log.name), causes[i], reason);
  }

  /** Up to where a gap in this log is justified; undefined where nothing justifies one. */
  #cause(track: Track, to: Position | undefined, reason: GapReason): number | undefined {
    return reason === 'history' ? this.#historyEnd(track, to) : this.#retentionEnd(track, to);
  }

  #pastGap(track: Track, to: Position | undefined, cause: number | undefined, reason: GapReason): void {
    // A whole cursor names logs that have no gap too: there it is a mere position.
    if (cause === undefined) {
      if (to !== undefined && track.place !== undefined) this.#moveTo(track, to.epoch, to.seq);
      return;
    }
    // What lies beyond the floor or the fork was there to be read, and is owed all the same.
    const excused = Math.min(cause, to?.seq ?? cause);
    // A new history is read from its start in `latest` mode: what is the newest now may be older than what was seen.
    const anew = reason === 'history' && this.#story.reader.mode === 'latest';
    // A copy that lags answers as of its own moment; what was seen before the gap is nobody's promise any more.
    if (anew) track.sent.clear();
    this.#stand(track, { epoch: to?.epoch, seq: anew ? Math.min(track.log.floor, excused) : excused });
    track.furthest = track.place;
    if (to !== undefined && to.seq > excused) this.#moveTo(track, to.epoch, to.seq);
  }

  /** Up to where history justifies a gap: the fork, or the floor where that is higher. */
  #historyEnd(track: Track, to: Position | undefined): number | undefined {
    const { log, place } = track;
    if (place === undefined) return to?.seq ?? log.floor;
    // It began in an epoch that nobody named: any but the first may have followed upon it.
    if (place.epoch === undefined) return log.lineage.hasForked ? log.floor : undefined;
    const epoch = to?.epoch ?? log.lineage.after(place.epoch);
    // Beyond the head, and back. Where the reader is not moved back, another log has the gap.
    if (place.epoch === epoch) return place.seq > log.head && (to === undefined || to.seq < place.seq) ? log.floor : undefined;
    const shared = log.lineage.shared(place.epoch, epoch);
    if (shared === undefined) return log.lineage.shared(epoch, place.epoch) === undefined ? log.floor : undefined;
    const isLatest = this.#story.reader.mode === 'latest';
    if (place.seq > shared || isLatest) return Math.max(shared, log.floor);
    // Where nothing is owed up to the fork, the server may have read past it for this reader without a word.
    return to !== undefined && to.seq >= shared && this.#firstOwed(track, to.epoch, to.seq) === undefined ? place.seq : undefined;
  }

  /** Up to where retention justifies a gap: the floor, which may have been lower then. */
  #retentionEnd(track: Track, to: Position | undefined): number | undefined {
    const { log, place } = track;
    if (place === undefined) return log.floor > 0 ? log.floor : undefined;
    if (place.epoch !== undefined && to !== undefined && to.seq < place.seq && to.seq <= log.floor && this.#received)
      throw this.#found('GAP_AFTER_NEWER', `a gap up to ${text(log, to)} was told at ${text(log, place)}`);
    return place.seq < log.floor || (place.epoch === undefined && log.floor > 0) ? log.floor : undefined;
  }

  /** The reader was given time: nothing may be owed any more. */
  #end(): void {
    for (const track of this.#allTracks()) {
      const { log, place } = track;
      if (place === undefined) continue;
      this.#enter(track, log.lineage.current);
      this.#pass(track, log.lineage.current, Math.max(log.head, place.seq));
    }
  }

  /** The reader is told something of `epoch`: is that a history it may be in without having been told? */
  #enter(track: Track, epoch: string): void {
    const { log, place } = track;
    if (place?.epoch === undefined || place.epoch === epoch) return;
    const shared = log.lineage.shared(place.epoch, epoch);
    if (shared === undefined || shared < place.seq)
      throw this.#found(
        'EPOCH_CHANGED_SILENTLY',
        `told of epoch ${epoch} at ${text(log, place)}, which ${shared === undefined ? 'it does not continue' : `it left at ${shared}`}`,
      );
    track.place = this.#story.reader.mode === 'latest' ? this.#baseIn(track, epoch) : { epoch, seq: place.seq };
  }

  /** Where a `latest` run of another epoch may begin: where the reader once began, if that is still of this history. */
  #baseIn({ log, base }: Track, epoch: string): Place {
    if (base?.epoch === undefined) return { epoch: undefined, seq: log.floor };
    const shared = log.lineage.shared(base.epoch, epoch) ?? 0;
    return base.seq <= shared ? { epoch, seq: base.seq } : { epoch: undefined, seq: log.floor };
  }

  /** Passes over everything up to and including `upTo`: none of it may be owed. */
  #pass(track: Track, epoch: string, upTo: number): void {
    const owed = this.#firstOwed(track, epoch, upTo);
    if (owed !== undefined) throw this.#missing(track.log, owed, upTo);
  }

  #firstOwed(track: Track, epoch: string, upTo: number): Known | undefined {
    const { log, place, newest } = track;
    if (place === undefined) return undefined;
    const { mode } = this.#story.reader;
    if (track.due?.epoch !== epoch) track.due = { epoch, entries: log.timeline(epoch).due(this.#story.patterns, mode) };
    const due = track.due.entries;
    for (let i = firstAbove(due, place.seq); i < due.length; i++) {
      const entry = due[i] as Known;
      if (entry.seq > upTo) return undefined;
      if (mode === 'latest' && newest.get(entry.mailbox) === entry) continue;
      return entry;
    }
    return undefined;
  }

  #missing(log: KnownLog, entry: Known, upTo: number): Contradiction {
    const what = `${name(entry)} at ${text(log, entry)} was passed over on the way to seq ${upTo + 1}`;
    const next = this.#story.told.find((i) => i > this.#at && this.#events[i]?.type !== 'message' && this.#events[i]?.type !== 'position');
    const event = next === undefined ? undefined : this.#events[next];
    if (event?.type === 'gap') return this.#found('GAP_AFTER_NEWER', `${what}; the gap was told only later`);
    if (this.#story.reader.mode === 'latest') return this.#found('LATEST_NOT_NEWEST', what);
    const attempts = entry.id === undefined ? undefined : this.#published.of(entry.mailbox, entry.id);
    const isUnknown = attempts?.outcomes.has('unknown') === true && !attempts.outcomes.has('stored') && !attempts.outcomes.has('duplicate');
    return this.#found(isUnknown ? 'UNKNOWN_SEEN_BY_SOME' : 'LOST', what);
  }

  #notAfter(track: Track, event: MessageEvent, place: Place): Contradiction {
    const entry = track.log.at(event.epoch, event.seq);
    const seen = this.#story.told.some((i) => {
      const earlier = this.#events[i];
      return i < this.#at && earlier?.type === 'message' && earlier.log === event.log && track.log.at(earlier.epoch, earlier.seq) === entry;
    });
    // Before the connection brought anything, the reader stands where it said that it has everything.
    const code = seen || !this.#received ? 'DOUBLED' : 'MISORDERED';
    return this.#found(code, `${name(event)} at ${text(track.log, event)} came where the reader stood at ${text(track.log, place)}`);
  }

  #track(logName: string): Track {
    let track = this.#tracks.get(logName);
    if (track !== undefined) return track;
    const log = this.#logs.get(logName);
    if (log === undefined) throw this.#found('HISTORY_UNREADABLE', `there is no final read of log ${logName}`);
    const place = this.#start(log);
    track = { log, place, furthest: place, base: place, newest: new Map(), sent: new Map() };
    this.#tracks.set(logName, track);
    return track;
  }

  #allTracks(): Track[] {
    return [...this.#logs.keys()].map((log) => this.#track(log));
  }

  /** Where a connection with this `after` begins in a log; a log that a cursor lacks starts at `earliest`. */
  #start(log: KnownLog): Place | undefined {
    if (this.#after === undefined || this.#after === 'now') return undefined;
    return (this.#after === 'earliest' ? undefined : this.#after.get(log.name)) ?? { epoch: undefined, seq: log.floor };
  }

  #stand(track: Track, place: Place): void {
    track.place = place;
    const { log, furthest } = track;
    if (furthest?.epoch === undefined || place.epoch === undefined) {
      track.furthest = place;
      return;
    }
    const shared = log.lineage.shared(furthest.epoch, place.epoch);
    // A connection that repeats in the epoch before, or in this one, takes nothing away from what was seen.
    if (shared === undefined) return;
    track.furthest = furthest.seq <= shared && furthest.seq > place.seq ? { epoch: place.epoch, seq: furthest.seq } : place;
  }

  #cursor(cursor: string): Cursor {
    try {
      return parseCursor(cursor);
    } catch (cause) {
      if (cause instanceof RestanteError) throw this.#found('HISTORY_UNREADABLE', cause.message);
      throw cause;
    }
  }

  #why({ log, place }: Track): string {
    const where = place === undefined ? 'nowhere yet' : place.epoch === undefined ? 'at the start' : `at ${text(log, place)}`;
    return `in ${log.name} the reader stood ${where}, the floor is ${log.floor} and the epoch ${log.lineage.current}`;
  }

  #found(code: Contradiction['code'], detail: string): Contradiction {
    return new Contradiction(code, this.#at, `reader ${this.#story.reader.reader}: ${detail}`);
  }
}

function text(log: KnownLog, place: { readonly epoch: string | undefined; readonly seq: number }): string {
  return `${log.name}.${place.epoch ?? 'start'}.${place.seq}`;
}

function isAhead(log: KnownLog, place: Place, position: Position): boolean {
  return place.epoch !== undefined && position.seq > place.seq && log.lineage.shared(place.epoch, position.epoch) !== undefined;
}
