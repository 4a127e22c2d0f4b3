/** The last so many delays, and their percentiles. */
export class Delays {
  readonly #ms: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#ms = new Float64Array(size);
  }

  add(ms: number): void {
    this.#ms[this.#count++ % this.#ms.length] = ms;
  }

  /** @returns undefined where none was measured */
  percentile(percent: number): number | undefined {
    const held = Math.min(this.#count, this.#ms.length);
    if (held === 0) return undefined;
    const sorted = this.#ms.slice(0, held).sort();
    return sorted[Math.min(held - 1, Math.ceil((percent / 100) * held) - 1)];
  }
}
