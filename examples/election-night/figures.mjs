import { readFileSync } from 'node:fs';

/** The figures of the example: every update of the count, in the order in which they were reported, and the message that each becomes. */

/**
 * @typedef {object} Update
 * @property {string} time when it was reported, UTC; unique within a state, and so the id of the message
 * @property {string} state
 * @property {number} electoralVotes
 * @property {number} totalVotes counted so far
 * @property {{ biden: number, trump: number }} shares of the votes counted so far, as reported: three decimals
 * @property {number} percentCounted of the votes expected, as reported
 * @property {true} [correction] where fewer votes are reported than before
 */

export const ROOT = '/elections/us-2020/president';

/** The night itself: from the first returns until morning in the east. About 6,500 of the 9,207 updates; the others come in the nine days after. */
export const NIGHT_ENDS = '2020-11-04T12:00:00Z';

/** @param {string} text the CSV */
export function parseFigures(text) {
  const [, ...rows] = text.trim().split('\n');
  /** @type {Map<string, number>} */
  const counted = new Map();
  return rows.map((row) => {
    const [time = '', state = '', electoralVotes, total, biden, trump, percentCounted] = row.trim().split(',');
    const totalVotes = Number(total);
    const correction = totalVotes < (counted.get(state) ?? 0);
    counted.set(state, totalVotes);
    /** @type {Update} */
    const update = {
      time,
      state,
      electoralVotes: Number(electoralVotes),
      totalVotes,
      shares: { biden: Number(biden), trump: Number(trump) },
      percentCounted: Number(percentCounted),
      ...(correction && { correction }),
    };
    return update;
  });
}

export function readFigures() {
  return parseFigures(readFileSync(new URL('us-2020-election-night-by-state.csv', import.meta.url), 'utf8'));
}

/** @param {string} state `New Hampshire` is `/elections/us-2020/president/new-hampshire` */
export function mailboxOf(state) {
  return `${ROOT}/${state.toLowerCase().replaceAll(' ', '-')}`;
}
