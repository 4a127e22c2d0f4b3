import {
  type Cursor,
  type Epochs,
  formatCursor,
  type GapReason,
  type Message,
  type Position,
  parseCursor,
  sharedUpTo,
} from '@restante/protocol';
import type { ReaderRecord } from '../history/record.js';

/**
 * Where a raw reader goes on after its connection broke, in one of the two ways that the protocol allows:
 * `message`: from the newest Message's own cursor of each log, merged over where it began; `position`: from the last position that it was told.
 * Records whatever it is told. It drops nothing: what a connection may repeat follows from the `after` that it was opened with.
 */

export type ResumeBy = 'message' | 'position';

export class Standing {
  readonly record: ReaderRecord;
  readonly #by: ResumeBy;
  readonly #first: string;
  /** The newest position of each log that anything told of; a reader that waits for the end looks here. */
  readonly #reached = new Map<string, Position>();
  /** By `message`: where it began, and then each log's newest message. */
  readonly #merged = new Map<string, Position>();
  #position: string | undefined;
  #lastMessage: string | undefined;

  constructor(record: ReaderRecord, by: ResumeBy, first: string) {
    this.record = record;
    this.#by = by;
    this.#first = first;
  }

  /** What to ask for when it connects: `now` or `earliest` until something was told. */
  get after(): string {
    if (this.#by === 'position') return this.#position ?? this.#first;
    return this.#merged.size === 0 ? this.#first : formatCursor(this.#merged);
  }

  /** Has anything said where this reader stands? */
  get hasBegun(): boolean {
    return this.#position !== undefined;
  }

  /** @param epochs the log's line: a place in a history that is gone is none */
  seqIn(log: string, epochs?: Epochs): number {
    const { epoch, seq } = this.#reached.get(log) ?? { epoch: '', seq: 0 };
    return epochs === undefined || seq <= (sharedUpTo(epochs, epoch) ?? 0) ? seq : 0;
  }

  connected(): void {
    this.record.connected(this.after);
  }

  began(cursor: string, complete: boolean, reason?: GapReason): void {
    this.record.subscribed(cursor, complete, reason);
    this.#stand(cursor);
    this.#begin(parseCursor(cursor));
  }

  message(message: Message): void {
    this.record.message(message);
    this.#lastMessage = message.cursor;
    for (const [log, position] of parseCursor(message.cursor)) {
      this.#merged.set(log, position);
      this.#reached.set(log, position);
    }
  }

  position(cursor: string): void {
    // Most positions are the one of the message that came just before.
    if (cursor !== this.#lastMessage) this.record.position(cursor);
    if (this.#position === undefined) this.#begin(parseCursor(cursor));
    this.#stand(cursor);
  }

  gap(cursor: string | undefined, reason: GapReason): void {
    this.record.gap(cursor, reason);
    if (cursor === undefined) return;
    this.#stand(cursor);
    this.#begin(parseCursor(cursor));
  }

  #stand(cursor: string): void {
    this.#position = cursor;
    for (const [log, position] of parseCursor(cursor)) this.#reached.set(log, position);
  }

  #begin(cursor: Cursor): void {
    for (const [log, position] of cursor) this.#merged.set(log, position);
  }
}
