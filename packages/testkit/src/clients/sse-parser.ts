/** A parser of `text/event-stream`, by hand and to the letter: a block counts only once its empty line has come. */

export interface ServerSentEvent {
  /** Absent where the block had no `id:` line. */
  readonly id: string | undefined;
  /** `message` where the block named none. */
  readonly event: string;
  /** Empty where the block had no data, such as an `id:`-only block; EventSource dispatches nothing then, but keeps the id. */
  readonly data: string;
}

export class SseParser {
  readonly #block: (event: ServerSentEvent) => void;
  #rest = '';
  #id: string | undefined;
  #event = '';
  #data: string[] = [];
  #isEmpty = true;
  comments = 0;

  constructor(block: (event: ServerSentEvent) => void) {
    this.#block = block;
  }

  push(text: string): void {
    // A lone CR ends a line too, but CR LF may be cut in two: a CR at the very end waits.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    if (line.startsWith(':')) {
      this.comments++;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    this.#isEmpty = false;
    if (field === 'id') this.#id = value;
    else if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
  }

  #dispatch(): void {
    if (!this.#isEmpty) this.#block({ id: this.#id, event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') });
    this.#id = undefined;
    this.#event = '';
    this.#data = [];
    this.#isEmpty = true;
  }
}
