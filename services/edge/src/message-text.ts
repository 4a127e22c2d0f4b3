import type { PageBatch } from '@restante/delivery';
import { type Entry, messageJson } from '@restante/protocol';

/** The JSON of a Message, made once for an entry however many audiences and formats carry it; it lives as long as the entry. */
const texts = new WeakMap<Entry, string>();

export function messageText(log: string, epoch: string, entry: Entry): string {
  const known = texts.get(entry);
  if (known !== undefined) return known;
  const text = messageJson(log, epoch, entry);
  texts.set(entry, text);
  return text;
}

/** One encoding of a catch-up page, shared by all readers who get the whole page. */
export class PageTexts {
  readonly #encode: (page: PageBatch) => Buffer;
  readonly #known = new WeakMap<object, Buffer>();

  constructor(encode: (page: PageBatch) => string) {
    this.#encode = (page) => Buffer.from(encode(page));
  }

  of(page: PageBatch): Buffer {
    if (page.shared === undefined) return this.#encode(page);
    const known = this.#known.get(page.shared);
    if (known !== undefined) return known;
    const encoded = this.#encode(page);
    this.#known.set(page.shared, encoded);
    return encoded;
  }
}
