import type { Pattern } from '@restante/protocol';

/**
 * An edge's interests in one log: which patterns its readers have, and since which position each is held by the router.
 * An interest without `since` is not active: nothing may be concluded from what did not come for it (L6).
 * A reader lives on its own patterns' interests only, so that no other reader's leaving concerns it (L7).
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

  /** Since when everything of all these patterns has been here; undefined: one of them is not active. */
  since(patterns: readonly Pattern[]): number | undefined {
    let latest = 0;
    for (const { text } of patterns) {
      const since = this.#byPattern.get(text)?.since;
      if (since === undefined) return undefined;
      if (since > latest) latest = since;
    }
    return latest;
  }

  /** A fork at `seq`: what was held beyond it was of another history. */
  lower(seq: number): void {
    for (const interest of this.#byPattern.values()) {
      if (interest.since !== undefined && interest.since > seq) interest.since = seq;
    }
  }
}
