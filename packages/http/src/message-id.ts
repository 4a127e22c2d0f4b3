import { LIMITS, RestanteError } from '@restante/protocol';

/** What a publisher may choose as the id of a message. Where it chooses none, none is made up: a log that retries gives its own (I8). */

const ID = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.idBytesMax}}$`);

/** @throws RestanteError `ID_INVALID` */
export function checkMessageId(id: string): void {
  if (!ID.test(id)) throw new RestanteError('ID_INVALID', `an id is 1 to ${LIMITS.idBytesMax} visible ASCII characters`);
}
