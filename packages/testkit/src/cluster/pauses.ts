/** For how long counters that should rise stood still: what a fault cost, as those see it who wait. */

const LOOK_MS = 10;

interface Watched {
  readonly name: string;
  readonly read: () => number;
  count: number;
  risenAt: number;
  longestMs: number;
}

export class Pauses {
  readonly #watched: Watched[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** @param name several may share it: the longest of them counts */
  watch(name: string, read: () => number): void {
    this.#watched.push({ name, read, count: read(), risenAt: performance.now(), longestMs: 0 });
  }

  /** Forgets what was before. */
  reset(): void {
    const now = performance.now();
    for (const watched of this.#watched) Object.assign(watched, { count: watched.read(), risenAt: now, longestMs: 0 });
  }

  /** The longest pause since the last reset, by name; one that lasts is counted as it is. */
  get longestMs(): ReadonlyMap<string, number> {
    this.#look();
    const longest = new Map<string, number>();
    for (const { name, longestMs } of this.#watched) longest.set(name, Math.max(longest.get(name) ?? 0, Math.round(longestMs)));
    return longest;
  }

  stop(): void {
    this.#look();
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const watched of this.#watched) {
      watched.longestMs = Math.max(watched.longestMs, now - watched.risenAt);
      const count = watched.read();
      if (count === watched.count) continue;
      watched.count = count;
      watched.risenAt = now;
    }
  }
}
