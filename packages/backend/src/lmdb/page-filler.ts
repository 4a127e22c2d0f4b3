import { type Entry, entryBytes } from '@restante/protocol';

/** A page while it is filled, up to its limits; the first entry always fits. */
export class PageFiller {
  readonly entries: Entry[] = [];
  readonly #limit: number;
  #bytesLeft: number;
  full = false;

  constructor(limits: { readonly limit: number; readonly bytes: number }) {
    this.#limit = limits.limit;
    this.#bytesLeft = limits.bytes;
  }

  /** How many more entries it takes at most. */
  get room(): number {
    return this.#limit - this.entries.length;
  }

  /** Puts the entry in if it fits. @returns false when the page is full. */
  offer(entry: Entry): boolean {
    this.#bytesLeft -= entryBytes(entry);
    if (this.entries.length > 0 && this.#bytesLeft < 0) this.full = true;
    else this.entries.push(entry);
    if (this.entries.length >= this.#limit) this.full = true;
    return !this.full;
  }
}
