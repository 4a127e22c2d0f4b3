/** Medians and spreads over rounds. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const at = (i: number) => sorted[i] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** The ratios of rounds, each within its round: what the machine did meanwhile is in both and cancels out. */
export function ratios(values: readonly number[], yardstick: readonly number[]): Spread {
  return spread(values.map((value, round) => value / (yardstick[round] ?? Number.NaN)));
}
