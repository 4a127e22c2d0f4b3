import type { Entry, Extent, GapReason, NewEntry, Pattern, Position, RestanteError } from '@restante/protocol';

/**
 * The log port: the totally ordered, durable store of one namespace. The log is the truth; every other part is a cache of it.
 * `contract/log-contract.ts` is this page as tests: an adapter is what passes it.
 */
export interface Log {
  /** The namespace's name; `_` for `*`. */
  readonly name: string;
  /**
   * How many stored messages were passed over because they are none of a mailbox of this log, or too large; each as often as it was met.
   * Absent where nobody stores anything but through this port.
   */
  readonly skipped?: number;

  /**
   * Appends messages and resolves when they are stored, as durably as this log states (I1). Readers see none of them earlier.
   * Messages of one call to one mailbox are stored in their order, and after those of earlier calls (I2); between mailboxes there is no order.
   * A log that repeats an append by itself gives an id to every message that has none, so that its own retries are safe.
   * Atomic per message, not per call: where a call fails half-way, repeat it with the same ids (I8).
   * @param entries 1 to 1,000, of this log, already checked: names, ids, sizes, JSON on one line.
   * @returns one outcome per message, in order. `LOG_FULL`, `OVERLOADED` and `LOG_UNAVAILABLE` (all retryable) come as
   * outcomes, never as a rejection.
   * Cost: one group commit, shared with every other call under way.
   */
  append(entries: readonly NewEntry[]): Promise<readonly AppendOutcome[]>;

  /**
   * One page of entries after a position, ascending. Whether that position still is of this history is checked inside the same read (I11);
   * a run of `latest` that began before a fork begins anew. Never shows an entry that a crash could take back.
   * @throws RestanteError `LOG_UNAVAILABLE` (retryable)
   */
  read(request: ReadRequest): Promise<LogPage>;

  /**
   * The newest entries that match, below `before`: still ascending, still contiguous from the newest back.
   * `start` is the seq after which the page holds every matching entry; `next` the seq up to which it does.
   * Without `before`, up to the head. A `before` that is not of this history is answered from the head, with `complete: false`.
   * @throws RestanteError `LOG_UNAVAILABLE` (retryable)
   */
  readNewest(request: NewestRequest): Promise<LogPage>;

  /**
   * All entries after `after`, in order, for as long as the signal lets it; resumes by itself where the store went away and came back.
   * Every batch joins the one before: `batch.from` is the last `batch.upTo`, unless retention overtook the tail (then `from` is the floor)
   * or history forked (then `from` is the fork, and `epochs` says so before any entry of the new history is released).
   * Yields a batch at least every second, an empty one if need be: silence means that the tail is not alive.
   */
  tail(after: Position | 'earliest', signal: AbortSignal): AsyncIterable<TailBatch>;

  /** Epochs, floor and head of the authoritative copy. @throws RestanteError `LOG_UNAVAILABLE` */
  state(): Promise<Extent>;

  /** Does the log still hold this very history up to this position? (False too where retention removed it and nothing can be proven.) */
  verify(position: Position): Promise<boolean>;

  /**
   * Erases a mailbox's entries for every reader and appends a control entry of kind `purged` in the same step, so that every cache erases too (DESIGN section 4).
   * @returns the control entry's position. @throws RestanteError `LOG_FULL` · `LOG_UNAVAILABLE`
   */
  purge(mailbox: string): Promise<Position>;
}

export interface Stored {
  readonly ok: true;
  readonly position: Position;
  /** The entry's, where the log tells it with its acknowledgement; JetStream does not (ADR 0004). */
  readonly time?: number;
  /** This id was stored in this mailbox within the window and is still retained: the position is the first one's. */
  readonly duplicate: boolean;
}

export type AppendOutcome = Stored | { readonly ok: false; readonly error: RestanteError };

export interface ReadRequest {
  /** One or more patterns; an entry that matches any of them is in the page once. */
  readonly patterns: readonly Pattern[];
  readonly after: Position | 'earliest';
  /** Read no further than this seq; default: the head. Of `latest` mode too: the newest up to there. */
  readonly upTo?: number;
  /** `latest`: of every matching mailbox only its newest entry, if that lies after `after`; ascending by seq. */
  readonly mode: 'every' | 'latest';
  /** Most entries in the page, at least 1. */
  readonly limit: number;
  /** Most bytes (`entryBytes`) in the page; it holds at least one entry, however large. */
  readonly bytes: number;
}

export interface NewestRequest {
  readonly patterns: readonly Pattern[];
  readonly before?: Position;
  readonly limit: number;
  readonly bytes: number;
}

/** A page, and what the answering copy was at that moment. */
export interface LogPage extends Extent {
  /** The page holds all matching entries in `(start, next]`. `start` is `after`, or where reading went on when `complete` is false. */
  readonly start: number;
  readonly entries: readonly Entry[];
  /** Go on after this seq of the current epoch: the last entry's where the page was full, else `upTo` or the head. Never beyond the head. */
  readonly next: number;
  /** False: matching entries between `after` and `start` are gone. */
  readonly complete: boolean;
  readonly reason?: GapReason;
}

export interface TailBatch extends Extent {
  /** The batch is every entry of the log in `(from, upTo]`. */
  readonly from: number;
  readonly upTo: number;
  readonly entries: readonly Entry[];
}

/** How long a log keeps what, per namespace. Retention removes from the old end only. */
export interface LogPolicy {
  /** Entries older than this are removed; undefined: age removes nothing. */
  readonly ageMs?: number;
  /** The oldest are removed while the log holds more than this (`entryBytes`). */
  readonly bytes?: number;
  /** How long an id is remembered (I8). */
  readonly idWindowMs: number;
  /** On how many servers entries are kept, where the backend has several; default: the backend's. */
  readonly replicas?: number;
}
