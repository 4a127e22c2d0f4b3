/** Sizes (`10GiB`) and durations (`30d`): to numbers of bytes and milliseconds, and back for a person. */

const UNITS = {
  bytes: { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 },
  ms: { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 },
} as const satisfies Record<string, Readonly<Record<string, number>>>;

export type Unit = keyof typeof UNITS;

const QUANTITY = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/;

/** @returns undefined where the text is none, or more than a number can hold. */
export function parseQuantity(unit: Unit, text: string): number | undefined {
  const [, digits, suffix] = QUANTITY.exec(text) ?? [];
  const factor = Object.entries(UNITS[unit]).find(([name]) => name === suffix)?.[1];
  if (factor === undefined) return undefined;
  const value = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** In the largest unit that leaves no fraction. */
export function formatQuantity(unit: Unit, value: number): string {
  const [suffix, factor] = Object.entries(UNITS[unit]).findLast(([, size]) => value >= size && value % size === 0) ?? [
    unit === 'ms' ? 'ms' : 'B',
    1,
  ];
  return `${value / factor}${suffix}`;
}
