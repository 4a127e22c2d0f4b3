import { readFileSync } from 'node:fs';

/** The figures of the example: every update of the count, in the order in which they were reported, and the message that each becomes. */

/**
 * @typedef {object} Update
 * @property {string} time when it was reported, UTC
 * @property {string} state
 * @property {number} electoralVotes
 * @property {number} totalVotes counted so far
 * @property {{ biden: number, trump: number }} shares of the votes counted so far, as reported: three decimals
 * @property {number} percentCounted of the votes expected, as reported
 */

export const ROOT = '/elections/us-2020/president';

/** @param {string} text the CSV */
export function parseFigures(text) {
  const [, ...rows] = text.trim().split('\n');
  return rows.map((row) => {
    const [time = '', state = '', electoralVotes, totalVotes, biden, trump, percentCounted] = row.trim().split(',');
    /** @type {Update} */
    const update = {
      time,
      state,
      electoralVotes: Number(electoralVotes),
      totalVotes: Number(totalVotes),
      shares: { biden: Number(biden), trump: Number(trump) },
      percentCounted: Number(percentCounted),
    };
    return update;
  });
}

/** The first hour after polls began to close. One row lies before it: the midnight villages of New Hampshire. */
export function firstHour() {
  const updates = parseFigures(readFileSync(new URL('us-2020-election-night-by-state.csv', import.meta.url), 'utf8'));
  return updates.filter(({ time }) => time >= '2020-11-03T23:12:16Z' && time <= '2020-11-04T00:12:16Z');
}

/** @param {string} state `New Hampshire` is `/elections/us-2020/president/new-hampshire` */
export function mailboxOf(state) {
  return `${ROOT}/${state.toLowerCase().replaceAll(' ', '-')}`;
}
