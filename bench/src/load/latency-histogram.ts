/** Counts of latencies in steps of 10 µs up to 20 s; what is longer counts as 20 s. */

const STEP_US = 10;
const STEPS = 2_000_000;

export class LatencyHistogram {
  readonly #counts = new Uint32Array(STEPS + 1);
  #total = 0;

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  get count(): number {
    return this.#total;
  }

  add(latencyUs: number): void {
    const step = Math.min(STEPS, Math.max(0, Math.round(latencyUs / STEP_US)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#total++;
  }

  /** The smallest latency that a share of `quantile` does not exceed. */
  quantileMs(quantile: number): number {
    let left = Math.ceil(this.#total * quantile);
    for (let step = 0; step <= STEPS; step++) {
      left -= this.#counts[step] ?? 0;
      if (left <= 0) return (step * STEP_US) / 1_000;
    }
    return Number.NaN;
  }
}
