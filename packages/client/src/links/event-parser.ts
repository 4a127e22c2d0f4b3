/** Blocks of a text/event-stream, as this server writes them: lines end in one line feed. Holds at most one unfinished block. */

export interface EventBlock {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string | undefined;
  readonly retryMs: number | undefined;
}

const END = '\n\n';

export class EventParser {
  #text = '';

  /** The blocks that this completes. */
  *push(text: string): Generator<EventBlock> {
    // The end of a block may lie on both sides of the seam, not further back.
    let from = Math.max(0, this.#text.length - 1);
    this.#text += text;
    let start = 0;
    for (let end = this.#text.indexOf(END, from); end >= 0; end = this.#text.indexOf(END, from)) {
      yield blockOf(this.#text.slice(start, end));
      start = from = end + END.length;
    }
    this.#text = this.#text.slice(start);
  }
}

function blockOf(text: string): EventBlock {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
  }
  const { event, id, data, retry } = fields;
  return { event, id, data, retryMs: retry === undefined ? undefined : Number(retry) };
}
