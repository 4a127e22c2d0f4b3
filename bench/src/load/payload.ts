/**
 * The 128 bytes of every message, as a JSON string: a running number and the time of its publish, both of fixed width,
 * so that a reader checks order and completeness with one search and no JSON parser.
 */

/** Begins every payload and occurs nowhere else in a frame. */
export const MARKER = 'bench#';

/** Bytes of `data`, quotes included. */
export const DATA_BYTES = 128;

const NUMBER_DIGITS = 8;
const TIME_DIGITS = 14;
/** Bytes between the quotes; two markers are never closer. */
export const TEXT_BYTES = DATA_BYTES - 2;

/** The text between the quotes. */
export function payloadText(number: number, timeUs: number): string {
  const text = `${MARKER}${String(number).padStart(NUMBER_DIGITS, '0')} ${String(Math.round(timeUs)).padStart(TIME_DIGITS, '0')} `;
  return text.padEnd(TEXT_BYTES, 'x');
}

/** @param at where the marker begins */
export function payloadNumber(bytes: Uint8Array, at: number): number {
  return digits(bytes, at + MARKER.length, NUMBER_DIGITS);
}

export function payloadTimeUs(bytes: Uint8Array, at: number): number {
  return digits(bytes, at + MARKER.length + NUMBER_DIGITS + 1, TIME_DIGITS);
}

function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) value = value * 10 + (bytes[i] ?? Number.NaN) - 48;
  return value;
}

/** The positions of all markers. */
export function markersIn(bytes: Buffer): number[] {
  const positions: number[] = [];
  for (let at = bytes.indexOf(MARKER); at !== -1; at = bytes.indexOf(MARKER, at + TEXT_BYTES)) positions.push(at);
  return positions;
}
