import { type Entry, type EntryKind, type NewEntry, RestanteError } from '@restante/protocol';
import { asBuffer } from './keys.js';

/**
 * An entry as bytes: version, kind and flags, time, mailbox, then what the flags name, then data to the end.
 * The seq is the key's. Decoding copies nothing of the data: it stays a view of the bytes that LMDB handed out.
 */

const VERSION = 1;
const KINDS: readonly EntryKind[] = ['data', 'text', 'base64', 'purged'];

const KIND_MASK = 0b0000_0011;
const HAS_ID = 0b0000_0100;
const HAS_CONTENT_TYPE = 0b0000_1000;
const HAS_HEADERS = 0b0001_0000;

const TIME_AT = 2;
const MAILBOX_AT = 8;

export function encodeEntry(entry: NewEntry, time: number): Buffer {
  const contentType = entry.contentType === undefined ? undefined : Buffer.from(entry.contentType);
  const headers = entry.headers === undefined ? undefined : Buffer.from(JSON.stringify(entry.headers));
  const size =
    MAILBOX_AT +
    1 +
    entry.mailbox.length +
    (entry.id === undefined ? 0 : 1 + entry.id.length) +
    (contentType === undefined ? 0 : 2 + contentType.length) +
    (headers === undefined ? 0 : 4 + headers.length) +
    entry.data.byteLength;
  const bytes = Buffer.allocUnsafe(size);
  let flags = KINDS.indexOf(entry.kind);
  bytes[0] = VERSION;
  bytes.writeUIntBE(time, TIME_AT, 6);
  bytes[MAILBOX_AT] = entry.mailbox.length;
  let at = MAILBOX_AT + 1;
  at += bytes.write(entry.mailbox, at, 'latin1');
  if (entry.id !== undefined) {
    flags |= HAS_ID;
    bytes[at] = entry.id.length;
    at += 1 + bytes.write(entry.id, at + 1, 'latin1');
  }
  if (contentType !== undefined) {
    flags |= HAS_CONTENT_TYPE;
    at = bytes.writeUInt16BE(contentType.length, at);
    at += contentType.copy(bytes, at);
  }
  if (headers !== undefined) {
    flags |= HAS_HEADERS;
    at = bytes.writeUInt32BE(headers.length, at);
    at += headers.copy(bytes, at);
  }
  bytes[1] = flags;
  bytes.set(entry.data, at);
  return bytes;
}

/** The mailbox alone, for a scan that decides by it whether to decode the rest. */
export function mailboxOfEntry(value: Uint8Array): string {
  const bytes = asBuffer(value);
  return bytes.toString('latin1', MAILBOX_AT + 1, MAILBOX_AT + 1 + (bytes[MAILBOX_AT] ?? 0));
}

/** @throws RestanteError `LOG_MISMATCH`: a later version wrote these bytes, or something else did. */
export function decodeEntry(seq: number, value: Uint8Array): Entry {
  const bytes = asBuffer(value);
  const flags = bytes[1] ?? 0;
  const kind = KINDS[flags & KIND_MASK];
  if (bytes[0] !== VERSION || kind === undefined)
    throw new RestanteError('LOG_MISMATCH', `entry ${seq} has version ${bytes[0]}, not ${VERSION}`);
  const mailbox = mailboxOfEntry(bytes);
  let at = MAILBOX_AT + 1 + mailbox.length;
  const entry: { -readonly [Field in keyof Entry]: Entry[Field] } = { seq, time: bytes.readUIntBE(TIME_AT, 6), mailbox, kind, data: bytes };
  if (flags & HAS_ID) {
    const end = at + 1 + (bytes[at] ?? 0);
    entry.id = bytes.toString('latin1', at + 1, end);
    at = end;
  }
  if (flags & HAS_CONTENT_TYPE) {
    const end = at + 2 + bytes.readUInt16BE(at);
    entry.contentType = bytes.toString('utf8', at + 2, end);
    at = end;
  }
  if (flags & HAS_HEADERS) {
    const end = at + 4 + bytes.readUInt32BE(at);
    entry.headers = JSON.parse(bytes.toString('utf8', at + 4, end)) as Record<string, string>;
    at = end;
  }
  entry.data = bytes.subarray(at);
  return entry;
}
