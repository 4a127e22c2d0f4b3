import type { Lease } from '../lease.js';

/** The lease within one process: compare-and-set is an ordinary assignment. */
export class MemoryLease implements Lease {
  readonly #now: () => number;
  readonly #held = new Map<string, { readonly holder: string; readonly untilMs: number }>();

  /** @param now milliseconds of a clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  async hold(log: string, holder: string, ttlMs: number): Promise<string> {
    const now = this.#now();
    const held = this.#held.get(log);
    if (held !== undefined && held.holder !== holder && now < held.untilMs) return held.holder;
    this.#held.set(log, { holder, untilMs: now + ttlMs });
    return holder;
  }

  async release(log: string, holder: string): Promise<void> {
    if (this.#held.get(log)?.holder === holder) this.#held.delete(log);
  }
}
