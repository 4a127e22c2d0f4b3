import { type GapReason, parsePattern, type Position } from '@restante/protocol';

/**
 * What a history is made of: publishes, purges, and what every reader was told, one event a line, so that several processes can record.
 * Only the order within one reader, and within one publisher, means anything; files of several processes may be joined in any order.
 */

export type Outcome = 'stored' | 'duplicate' | 'refused' | 'unknown';

/** One attempt to publish one message. A retry is another event with the same mailbox and id. */
export interface PublishEvent {
  readonly type: 'publish';
  readonly publisher: string;
  /** Which request it was part of: the messages of one request are stored in the order of their events. */
  readonly call: number;
  readonly mailbox: string;
  readonly id: string;
  /** Of the bytes; `hashOf` makes one, a model may take any text. */
  readonly hash: string;
  /** Ascending over the whole publisher, no two alike; a time will not do. */
  readonly start: number;
  readonly end: number;
  readonly outcome: Outcome;
  /** Where the answer said that it is: with `stored` and `duplicate`. */
  readonly log?: string;
  readonly position?: Position;
  /** Instead of a position: the answer knew the log and the seq, and no epoch, as a NATS publisher's does. */
  readonly seq?: number;
}

export interface PurgeEvent {
  readonly type: 'purge';
  readonly mailbox: string;
  readonly outcome: 'stored' | 'refused' | 'unknown';
  readonly log?: string;
  readonly position?: Position;
  /** The tick at which every edge had passed it on: who connects later gets nothing of what it erased. */
  readonly everywhere?: number;
}

/** An operator swapped the log's history for another one; nobody but him, and nothing but that, begins an epoch. Several of a log stand in their order. */
export interface SwappedEvent {
  readonly type: 'swapped';
  readonly log: string;
  /** Ticks as publishers have them. What was answered before `start` is of the epoch before, what was asked after `end` of the one after. */
  readonly start: number;
  readonly end: number;
}

/** Comes before everything else of this reader: one subscription, or one stream over several patterns. */
export interface ReaderEvent {
  readonly type: 'reader';
  readonly reader: string;
  readonly patterns: readonly string[];
  readonly mode: 'every' | 'latest';
}

/** The reader (re)connects. What it received before stays received; from here on it is owed everything after `after`. */
export interface ConnectEvent {
  readonly type: 'connect';
  readonly reader: string;
  /** `now`, `earliest` or a cursor. Without: where it begins is known from the first thing that it is told. */
  readonly after?: string;
  /** The tick at which it asked. */
  readonly start?: number;
}

/** The answer to a subscription. `complete: false` is a gap that ends at `cursor`. */
export interface SubscribedEvent {
  readonly type: 'subscribed';
  readonly reader: string;
  readonly cursor: string;
  readonly complete: boolean;
  readonly reason?: GapReason;
}

/** Everything that was received, repeated or not: what a connection may repeat follows from its `after`. */
export interface MessageEvent {
  readonly type: 'message';
  readonly reader: string;
  readonly log: string;
  readonly epoch: string;
  readonly seq: number;
  readonly mailbox: string;
  /** Absent where the message is a purge. */
  readonly id?: string;
  readonly hash?: string;
  readonly purged?: true;
}

/** `live`, `position`, `id:`, `next`, the cursor of a batch: the server says that everything up to here has been sent. */
export interface PositionEvent {
  readonly type: 'position';
  readonly reader: string;
  readonly cursor: string;
}

/** Where the answer names no end (a page), the gap ends where the floor or the fork is. */
export interface GapEvent {
  readonly type: 'gap';
  readonly reader: string;
  readonly cursor?: string;
  readonly reason: GapReason;
}

/** The reader was given time to receive all that the final read holds. One without it is judged up to where it stood. */
export interface EndEvent {
  readonly type: 'end';
  readonly reader: string;
}

export type ReaderTold = ConnectEvent | SubscribedEvent | MessageEvent | PositionEvent | GapEvent | EndEvent;
export type HistoryEvent = PublishEvent | PurgeEvent | SwappedEvent | ReaderEvent | ReaderTold;

/** One line of a recorded history. */
export function toLine(event: HistoryEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** Reads what `toLine` wrote. A last line that a killed process left unfinished is left out. */
export function fromLines(text: string): HistoryEvent[] {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as HistoryEvent);
}

export function parsePatterns(event: ReaderEvent): ReturnType<typeof parsePattern>[] {
  return event.patterns.map(parsePattern);
}
