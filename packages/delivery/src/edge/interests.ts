import type { Pattern } from '@restante/protocol';

/**
 * An edge's interests in one log: which patterns its readers have, and since which position each is held by the router.
 * An interest without `since` is not active: nothing may be concluded from what did not come for it (L6).
 */

export interface Interest {
  readonly pattern: Pattern;
  readers: number;
  /** The command of the present link that asked for it; 0: the attach did. */
  r: number;
  /** Active: every entry of this pattern after `since`, up to what was applied, has been here. */
  since: number | undefined;
}

export class Interests {
  readonly #byPattern = new Map<string, Interest>();

  get size(): number {
    return this.#byPattern.size;
  }

  get(text: string): Interest | undefined {
    return this.#byPattern.get(text);
  }

  all(): IterableIterator<Interest> {
    return this.#byPattern.values();
  }

  add(pattern: Pattern): Interest {
    const interest: Interest = { pattern, readers: 1, r: 0, since: undefined };
    this.#byPattern.set(pattern.text, interest);
    return interest;
  }

  delete(text: string): void {
    this.#byPattern.delete(text);
  }

  /** Since when everything of a pattern has been here, by any active interest that covers it; undefined: by none. */
  since(covering: readonly string[]): number | undefined {
    let best: number | undefined;
    for (const text of covering) {
      const since = this.#byPattern.get(text)?.since;
      if (since !== undefined && (best === undefined || since < best)) best = since;
    }
    return best;
  }

  /** What came up to `seq` is not held any more, or was never read (L5, L8). */
  raise(seq: number): void {
    for (const interest of this.#byPattern.values()) {
      if (interest.since !== undefined && interest.since < seq) interest.since = seq;
    }
  }

  /** A fork at `seq`: what was held beyond it was of another history. */
  lower(seq: number): void {
    for (const interest of this.#byPattern.values()) {
      if (interest.since !== undefined && interest.since > seq) interest.since = seq;
    }
  }
}

/** Texts of all patterns that cover this one, itself among them: the only interests that its readers can live on. */
export function coveringTexts(pattern: Pattern): readonly string[] {
  const texts = new Set([pattern.text]);
  const { base, kind } = pattern;
  let end = kind === 'exact' ? base.lastIndexOf('/') : base.length;
  if (kind === 'exact') texts.add(`${base.slice(0, end)}/*`);
  for (; end > 0; end = base.lastIndexOf('/', end - 1)) texts.add(`${base.slice(0, end)}/**`);
  texts.add('/**');
  return [...texts];
}
