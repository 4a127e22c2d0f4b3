/**
 * Positions, epochs, and what becomes of a position when history was lost or forked (I11).
 * Every place that answers a reader asks `resumeAt`: the adapters, the hot tail, the edge. So the rules of DESIGN section 4 stand once.
 */

/** A place in one log: everything up to and including `seq` of that history has been seen. */
export interface Position {
  readonly epoch: string;
  /** 0 before the first entry; at most 2^53−1. */
  readonly seq: number;
}

/**
 * A log's line of epochs, oldest first; the last is the current one. Of an older epoch, the entries up to `upTo` are still
 * this log's history: what that epoch stored beyond was lost, or forked away.
 * The current epoch's `upTo` is `OPEN`.
 */
export type Epochs = readonly { readonly epoch: string; readonly upTo: number }[];

export const OPEN = Number.MAX_SAFE_INTEGER;

const EPOCH = /^[a-z0-9]{8,16}$/;

export function isEpoch(text: string): boolean {
  return EPOCH.test(text);
}

export function currentEpoch(epochs: Epochs): string {
  const last = epochs[epochs.length - 1];
  if (last === undefined) throw new Error('a log has at least one epoch');
  return last.epoch;
}

/** Up to which seq the entries of `epoch` are entries of the current history; undefined where the epoch is not in the line. */
export function sharedUpTo(epochs: Epochs, epoch: string): number | undefined {
  const index = epochs.findIndex((e) => e.epoch === epoch);
  if (index < 0) return undefined;
  let shared = OPEN;
  for (const e of epochs.slice(index)) shared = Math.min(shared, e.upTo);
  return shared;
}

/** The line after a fork at `upTo`: the current epoch ends there, `epoch` begins. */
export function forkedAt(epochs: Epochs, upTo: number, epoch: string): Epochs {
  const ended = epochs.map((e) => ({ epoch: e.epoch, upTo: Math.min(e.upTo, upTo) }));
  return [...ended, { epoch, upTo: OPEN }];
}

export type GapReason = 'retention' | 'history';

/** What a copy of a log knows of itself at one moment. */
export interface Extent {
  readonly epochs: Epochs;
  /** Highest seq that retention has removed; 0 when nothing was. */
  readonly floor: number;
  /** Newest seq; `floor` when the log is empty. */
  readonly head: number;
}

export interface Resumption {
  /** Reading goes on with the first entry after this seq of the current epoch. */
  readonly start: number;
  /** False: entries between the position and `start` are gone. */
  readonly complete: boolean;
  readonly reason?: GapReason;
}

/**
 * Where a reader that stands at `after` goes on (I3, I11):
 * below the floor, at the floor; of an unknown epoch, at the floor; of a forked epoch beyond its fork, after the fork.
 * A position beyond the head of an authoritative copy is another history too; a copy that only lags lets it wait.
 * A run of `latest` that began in an older epoch begins anew (R4 of docs/delivery.md): what it passed over, because something newer
 * lay ahead, may be the newest again.
 */
export function resumeAt(
  extent: Extent,
  after: Position | 'earliest',
  authoritative: boolean,
  mode: 'every' | 'latest' = 'every',
): Resumption {
  const { epochs, floor, head } = extent;
  if (after === 'earliest') return { start: floor, complete: true };
  const shared = sharedUpTo(epochs, after.epoch);
  if (shared === undefined || (mode === 'latest' && after.epoch !== currentEpoch(epochs)))
    return { start: floor, complete: false, reason: 'history' };
  if (after.seq > shared) return { start: Math.max(shared, floor), complete: false, reason: 'history' };
  if (authoritative && after.seq > head) return { start: floor, complete: false, reason: 'history' };
  if (after.seq < floor) return { start: floor, complete: false, reason: 'retention' };
  return { start: after.seq, complete: true };
}
