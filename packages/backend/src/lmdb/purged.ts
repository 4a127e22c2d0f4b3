import { decodeEntry, mailboxOfEntry } from './entry-codec.js';
import { idKey, mailboxKey, nameKey, nameOfKey, seqKey, seqOfKey, seqOfValue, seqValue } from './keys.js';
import { put, remove, type Store } from './store.js';

/**
 * The purges of one log whose entries still lie in the tables. A purge is one small commit, from which on nobody is shown these entries;
 * they are erased afterwards in bounded steps, over a restart too. A mark changes for readers only when its commit is on the disk (I1).
 */
export class Purged {
  readonly #store: Store;
  readonly #log: number;
  readonly #upTo = new Map<string, number>();

  constructor(store: Store, log: number) {
    this.#store = store;
    this.#log = log;
    for (const { key, value } of store.purges.getRange({ start: nameKey(log, ''), end: nameKey(log + 1, '') })) {
      this.#upTo.set(nameOfKey(key), seqOfValue(value));
    }
  }

  get isEmpty(): boolean {
    return this.#upTo.size === 0;
  }

  /** The seq up to which a mailbox is purged; 0 where nothing of it waits to be erased. */
  upTo(mailbox: string): number {
    return this.#upTo.get(mailbox) ?? 0;
  }

  has(seq: number, value: Uint8Array): boolean {
    return this.#upTo.size > 0 && seq <= this.upTo(mailboxOfEntry(value));
  }

  /** Within a batch. `hide` is to be called when that is on the disk. */
  mark(mailbox: string, upTo: number): void {
    put(this.#store.purges, nameKey(this.#log, mailbox), seqValue(upTo));
  }

  hide(mailbox: string, upTo: number): void {
    this.#upTo.set(mailbox, upTo);
  }

  /**
   * Within a batch: erases at most so many entries of one mailbox, and its mark with the last of them. `unhide` is to be called for
   * `done`, the mailbox that has none left, when that is on the disk.
   */
  erase(entriesMax: number): { readonly bytes: number; readonly done?: string } {
    const [next] = this.#upTo;
    if (next === undefined) return { bytes: 0 };
    const [mailbox, upTo] = next;
    const { entries, index, purges } = this.#store;
    const range = { start: mailboxKey(this.#log, mailbox, 0), end: mailboxKey(this.#log, mailbox, upTo + 1), limit: entriesMax };
    let count = 0;
    let bytes = 0;
    for (const { key, value } of index.getRange(range)) {
      const seq = seqOfKey(key);
      this.#forgetIdOf(seq);
      remove(entries, seqKey(this.#log, seq));
      remove(index, key);
      count += 1;
      bytes += value.readUInt32BE(0);
    }
    if (count === entriesMax) return { bytes };
    remove(purges, nameKey(this.#log, mailbox));
    return { bytes, done: mailbox };
  }

  unhide(mailbox: string): void {
    this.#upTo.delete(mailbox);
  }

  /** A later entry may have taken the id. */
  #forgetIdOf(seq: number): void {
    const { entries, ids } = this.#store;
    const entry = entries.getBinary(seqKey(this.#log, seq));
    if (entry === undefined) return;
    const { mailbox, id } = decodeEntry(seq, entry);
    if (id === undefined) return;
    const key = idKey(this.#log, mailbox, id);
    const holder = ids.getBinary(key);
    if (holder !== undefined && seqOfValue(holder) === seq) remove(ids, key);
  }
}
