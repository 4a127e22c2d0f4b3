/** The flags of the feeder, which `npm start` takes as well. */

export const FLAGS = /** @type {const} */ ({ minutes: { type: 'string' }, rate: { type: 'string' }, again: { type: 'boolean' } });

/** @param {{ minutes?: string | undefined, rate?: string | undefined, again?: boolean | undefined }} values */
export function paceOf({ minutes, rate, again = false }) {
  return {
    ...(minutes !== undefined && { minutes: numberOf('--minutes', minutes, 0) }),
    ...(rate !== undefined && { rate: numberOf('--rate', rate, 0.1) }),
    again,
  };
}

/** @param {string} flag @param {string} text @param {number} least */
export function numberOf(flag, text, least) {
  const number = Number(text);
  if (!(number >= least)) throw new Error(`${flag} must be a number, ${least} or more`);
  return number;
}
