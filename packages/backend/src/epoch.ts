import { randomInt } from 'node:crypto';

const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new identity for a log's history: ten characters, so that no two histories ever share one. */
export function newEpoch(): string {
  let epoch = '';
  for (let i = 0; i < 10; i += 1) epoch += CHARACTERS.charAt(randomInt(CHARACTERS.length));
  return epoch;
}
