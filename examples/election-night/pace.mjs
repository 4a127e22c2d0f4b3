import { NIGHT_ENDS } from './figures.mjs';

/** When each update is due: the rhythm of the count, faster, and without its idle stretches. */

/** @typedef {import('./figures.mjs').Update} Update */

/** A longer pause counts as one of this length: between two and five in the morning hardly anybody reported. */
const PAUSE_SECONDS_MAX = 20;
/** The nine days after take this part of what the night takes. */
const DAYS_AFTER = 1 / 3;

/**
 * Milliseconds from the beginning, one for each update.
 * @param {readonly Update[]} updates
 * @param {number} minutes how long the night takes
 */
export function dueByNight(updates, minutes) {
  const pauses = updates.map(({ time }, index) => {
    const previous = updates[index - 1] ?? updates[0];
    return Math.min((Date.parse(time) - Date.parse(previous?.time ?? time)) / 1_000, PAUSE_SECONDS_MAX);
  });
  const inNight = updates.map(({ time }) => time < NIGHT_ENDS);
  const sum = (/** @type {boolean} */ night) =>
    pauses.reduce((total, pause, index) => (inNight[index] === night ? total + pause : total), 0);
  const nightMsPerSecond = (minutes * 60_000) / Math.max(sum(true), 1);
  const afterMsPerSecond = (minutes * 60_000 * DAYS_AFTER) / Math.max(sum(false), 1);
  let dueMs = 0;
  return pauses.map((pause, index) => {
    dueMs += pause * (inNight[index] ? nightMsPerSecond : afterMsPerSecond);
    return dueMs;
  });
}

/**
 * The same at an even rate.
 * @param {readonly Update[]} updates
 * @param {number} updatesPerSecond
 */
export function dueEvenly(updates, updatesPerSecond) {
  return updates.map((_, index) => (index * 1_000) / updatesPerSecond);
}
