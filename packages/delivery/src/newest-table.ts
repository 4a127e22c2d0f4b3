import { anyOf, type Entry, entryBytes } from '@restante/protocol';
import { cutPage, type WindowPage, type WindowRead } from './entry-window.js';

/**
 * The newest entry of every mailbox of a log: what a router of a namespace with `snapshot` answers `latest` reads from.
 * It answers only for `after` at or above `since`, the position since which it is complete (R5). At its limit it gives up:
 * it forgets everything and answers only for what comes after; readers read the log (I7).
 */
export class NewestTable {
  readonly #bytesMax: number;
  readonly #newest = new Map<string, Entry>();
  #bytes = 0;
  #since: number;
  #wasReset = false;

  constructor(bytesMax: number, since: number) {
    this.#bytesMax = bytesMax;
    this.#since = since;
  }

  get since(): number {
    return this.#since;
  }

  set(entry: Entry): void {
    const before = this.#newest.get(entry.mailbox);
    if (before !== undefined && before.seq >= entry.seq) return;
    this.#newest.set(entry.mailbox, entry);
    this.#bytes += entryBytes(entry) - (before === undefined ? 0 : entryBytes(before));
    if (this.#bytes > this.#bytesMax) this.reset(entry.seq);
  }

  /** Everything newest after `since` has been set: the table may answer from there, unless it was reset while it was loaded. */
  completeSince(since: number): void {
    if (!this.#wasReset) this.#since = since;
  }

  /** A fork, a gap in the tail, or the limit: begins anew, complete since `since`. */
  reset(since: number): void {
    this.#newest.clear();
    this.#bytes = 0;
    this.#since = since;
    this.#wasReset = true;
  }

  /** A page of `latest` for `after` at or above `since`; ascending by seq, as of this moment. */
  read(request: WindowRead): WindowPage {
    const { patterns, after } = request;
    const isWanted = anyOf(patterns);
    const found: Entry[] = [];
    for (const entry of this.#newest.values()) {
      if (entry.seq > after && isWanted(entry.mailbox)) found.push(entry);
    }
    return cutPage(
      found.sort((a, b) => a.seq - b.seq),
      request,
    );
  }
}
