/**
 * Finds the source text of members in JSON that was validated before, so that `data` keeps its bytes: `1.0` stays `1.0`.
 * Trusts its input to be valid; on anything else its result is meaningless. Agrees with JSON.parse: of equal names the last one counts.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

/** The source text of `name` in a JSON object; undefined where it has no such member. */
export function memberSource(object: string, name: string): string | undefined {
  return new Scanner(object, name).element();
}

/** The same for every element of a JSON array; undefined too for elements that are no objects. */
export function memberSources(array: string, name: string): (string | undefined)[] {
  return new Scanner(array, name).elements();
}

class Scanner {
  readonly #text: string;
  readonly #name: string;
  /** The name as it is nearly always written. */
  readonly #quoted: string;
  #at = 0;

  constructor(text: string, name: string) {
    this.#text = text;
    this.#name = name;
    this.#quoted = `"${name}"`;
  }

  elements(): (string | undefined)[] {
    const sources: (string | undefined)[] = [];
    this.#skipSpace();
    this.#at += 1;
    this.#skipSpace();
    while (this.#at < this.#text.length && this.#code() !== CLOSE_BRACKET) {
      sources.push(this.element());
      this.#skipComma();
    }
    return sources;
  }

  element(): string | undefined {
    this.#skipSpace();
    if (this.#code() !== OPEN_BRACE) {
      this.#skipValue();
      return undefined;
    }
    let source: string | undefined;
    this.#at += 1;
    this.#skipSpace();
    while (this.#at < this.#text.length && this.#code() !== CLOSE_BRACE) {
      const wanted = this.#skipName();
      const start = this.#at;
      this.#skipValue();
      if (wanted) source = this.#text.slice(start, this.#at);
      this.#skipComma();
    }
    this.#at += 1;
    return source;
  }

  /** Over a member's name, to its value. @returns is it the one that is looked for? */
  #skipName(): boolean {
    const start = this.#at;
    this.#skipString();
    const wanted = this.#isName(start, this.#at);
    this.#skipSpace();
    this.#at += 1; // the colon
    this.#skipSpace();
    return wanted;
  }

  #isName(start: number, end: number): boolean {
    if (this.#text.startsWith(this.#quoted, start)) return true;
    const written = this.#text.slice(start, end);
    return written.includes('\\') && JSON.parse(written) === this.#name;
  }

  #skipValue(): void {
    const code = this.#code();
    if (code === QUOTE) this.#skipString();
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#skipNested();
    else this.#skipScalar();
  }

  #skipNested(): void {
    let depth = 0;
    do {
      const code = this.#code();
      if (code === QUOTE) {
        this.#skipString();
        continue;
      }
      if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
      else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
      this.#at += 1;
    } while (depth > 0 && this.#at < this.#text.length);
  }

  #skipScalar(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#code();
      if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= SPACE) return;
    }
  }

  #skipString(): void {
    let quote = this.#at;
    do {
      quote = this.#text.indexOf('"', quote + 1);
      if (quote < 0) quote = this.#text.length;
    } while (this.#isEscaped(quote));
    this.#at = quote + 1;
  }

  #isEscaped(quote: number): boolean {
    let before = quote - 1;
    while (this.#text.charCodeAt(before) === BACKSLASH) before -= 1;
    return (quote - before) % 2 === 0;
  }

  #skipComma(): void {
    this.#skipSpace();
    if (this.#code() !== COMMA) return;
    this.#at += 1;
    this.#skipSpace();
  }

  #skipSpace(): void {
    while (this.#code() <= SPACE) this.#at += 1;
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }
}
