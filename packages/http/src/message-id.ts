import { randomFillSync } from 'node:crypto';
import { LIMITS, RestanteError } from '@restante/protocol';

/** Ids of messages: what a publisher may choose, and one for every message that has none, so that our own retries are safe (I8). */

const ID = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.idBytesMax}}$`);

const ID_BYTES = 12;

/** Random bytes are fetched for many ids at once: one by one they would cost more than the rest of a publish. */
const pool = Buffer.allocUnsafe(ID_BYTES * 512);
let used = pool.length;

/** 96 random bits, 16 characters. */
export function newMessageId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('base64url', used - ID_BYTES, used);
}

/** @throws RestanteError `ID_INVALID` */
export function checkMessageId(id: string): void {
  if (!ID.test(id)) throw new RestanteError('ID_INVALID', `an id is 1 to ${LIMITS.idBytesMax} visible ASCII characters`);
}
