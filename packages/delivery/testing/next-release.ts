import { encode, WIRE_VERSION, type WireMessage } from '../src/index.js';

/**
 * The wire as a release that is one ahead would speak it (L13 of docs/delivery.md): in its own version every message has another form, which
 * no older release can read; an attach has one field more at its end. Written to an older process by mistake, it would be lost.
 */

export const NEXT_VERSION = WIRE_VERSION + 1;
const MARK = 0xa5;
const ATTACH = 0;

export function write(message: WireMessage): Uint8Array {
  const bytes = encode(message);
  return message.version < NEXT_VERSION ? bytes : Uint8Array.of(...bytes, MARK);
}

/** What a process that speaks up to `newest` makes of it: bytes in the form of today. */
export function read(bytes: Uint8Array, newest: number): Uint8Array {
  const [version = 0, type] = bytes;
  if (version > newest) {
    if (type !== ATTACH) throw new Error(`a message of version ${version} was sent to who speaks ${newest}`);
    return bytes;
  }
  if (version < NEXT_VERSION) return bytes;
  if (bytes.at(-1) !== MARK) throw new Error(`a message says that it is of version ${version}, and is not`);
  return bytes.subarray(0, -1);
}
