import { setImmediate } from 'node:timers/promises';
import { type Entry, matches, type Pattern } from '@restante/protocol';
import { decodeEntry } from './entry-codec.js';
import { mailboxKey, nameKey, nameOfKey, seqKey, seqOfKey, seqOfValue } from './keys.js';
import type { Purged } from './purged.js';
import type { Store } from './store.js';

/**
 * Walks over the tables of one log. Short ones are synchronous; long ones let the event loop turn every so many rows, so what they
 * saw may be of different moments: their callers look at the floor again afterwards.
 */

/** Rows between two turns of the event loop: about a millisecond. */
export const ROWS_PER_TURN = 500;

export class Tables {
  readonly #store: Store;
  readonly #log: number;
  readonly #purged: Purged;

  constructor(store: Store, log: number, purged: Purged) {
    this.#store = store;
    this.#log = log;
    this.#purged = purged;
  }

  entry(seq: number): Entry | undefined {
    const value = this.#store.entries.getBinary(seqKey(this.#log, seq));
    return value === undefined || this.#purged.has(seq, value) ? undefined : decodeEntry(seq, value);
  }

  newestOf(mailbox: string): number | undefined {
    const value = this.#store.newest.getBinary(nameKey(this.#log, mailbox));
    return value === undefined ? undefined : seqOfValue(value);
  }

  /** At most `limit` entries in `(after, upTo]`, ascending, not decoded; purged ones too, where they are not erased yet. */
  *rows(after: number, upTo: number, limit: number): Generator<{ readonly seq: number; readonly value: Uint8Array }> {
    if (after >= upTo) return;
    const start = seqKey(this.#log, after + 1);
    for (const { key, value } of this.#store.entries.getRange({ start, end: seqKey(this.#log, upTo + 1), limit })) {
      yield { seq: seqOfKey(key), value };
    }
  }

  /** All entries in `(after, upTo]`, ascending, for as long as `take` says so. */
  async ascend(after: number, upTo: number, take: (seq: number, value: Uint8Array) => boolean): Promise<void> {
    let at = after;
    for (;;) {
      let rows = 0;
      for (const { seq, value } of this.rows(at, upTo, ROWS_PER_TURN)) {
        rows += 1;
        at = seq;
        if (!this.#purged.has(seq, value) && !take(seq, value)) return;
      }
      if (rows < ROWS_PER_TURN) return;
      await setImmediate();
    }
  }

  /** All entries in `(floor, from]`, descending, for as long as `take` says so. */
  async descend(from: number, floor: number, take: (seq: number, value: Uint8Array) => boolean): Promise<void> {
    let at = from;
    while (at > floor) {
      let rows = 0;
      const range = { start: seqKey(this.#log, at), end: seqKey(this.#log, floor), reverse: true, limit: ROWS_PER_TURN };
      for (const { key, value } of this.#store.entries.getRange(range)) {
        rows += 1;
        const seq = seqOfKey(key);
        at = seq - 1;
        if (!this.#purged.has(seq, value) && !take(seq, value)) return;
      }
      if (rows < ROWS_PER_TURN) return;
      await setImmediate();
    }
  }

  /** The first `limit` seqs of a mailbox in `(after, upTo]`, ascending. */
  seqsAfter(mailbox: string, after: number, upTo: number, limit: number): number[] {
    const start = Math.max(after, this.#purged.upTo(mailbox));
    if (start >= upTo) return [];
    const range = { start: mailboxKey(this.#log, mailbox, start + 1), end: mailboxKey(this.#log, mailbox, upTo + 1), limit };
    return [...this.#store.index.getKeys(range)].map(seqOfKey);
  }

  /** The last `limit` seqs of a mailbox in `(after, upTo]`, descending. */
  seqsBefore(mailbox: string, after: number, upTo: number, limit: number): number[] {
    const end = Math.max(after, this.#purged.upTo(mailbox));
    if (end >= upTo) return [];
    const range = { start: mailboxKey(this.#log, mailbox, upTo), end: mailboxKey(this.#log, mailbox, end), reverse: true, limit };
    return [...this.#store.index.getKeys(range)].map(seqOfKey);
  }

  /**
   * Every mailbox that matches, with its newest seq, for as long as `take` says so. Looks at every mailbox below a pattern's base.
   * A mailbox that matches several patterns comes several times.
   * @returns false when it looked at more than `rowsMax` and gave up.
   */
  async mailboxes(patterns: readonly Pattern[], rowsMax: number, take: (mailbox: string, newest: number) => boolean): Promise<boolean> {
    let rows = 0;
    for (const pattern of patterns) {
      if (pattern.kind === 'exact') {
        const newest = this.newestOf(pattern.base);
        if (newest !== undefined && !take(pattern.base, newest)) return true;
        if ((rows += 1) > rowsMax) return false;
        if (rows % ROWS_PER_TURN === 0) await setImmediate();
        continue;
      }
      let at = nameKey(this.#log, `${pattern.base}/`);
      // The character after `/`: the first name that is not below the base.
      const end = nameKey(this.#log, `${pattern.base}0`);
      for (;;) {
        let turn = 0;
        for (const { key, value } of this.#store.newest.getRange({ start: at, end, limit: ROWS_PER_TURN })) {
          turn += 1;
          const mailbox = nameOfKey(key);
          at = nameKey(this.#log, `${mailbox}\0`);
          if (matches(pattern, mailbox) && !take(mailbox, seqOfValue(value))) return true;
        }
        if ((rows += turn) > rowsMax) return false;
        if (turn < ROWS_PER_TURN) break;
        await setImmediate();
      }
    }
    return true;
  }
}
