/**
 * The keys of the LMDB tables, in bytes that sort as they should: a log's number, then a name that ends in 0, then a seq.
 * Names hold no byte below `!`, so the 0 keeps `/a` and its entries apart from `/a/b`.
 */

const LOG_BYTES = 2;
const SEQ_BYTES = 8;

/** `[log, seq]` */
export function seqKey(log: number, seq: number): Buffer {
  const key = Buffer.allocUnsafe(LOG_BYTES + SEQ_BYTES);
  key.writeUInt16BE(log, 0);
  writeSeq(key, seq, LOG_BYTES);
  return key;
}

/** `[log, mailbox]`, with or without the 0: as the place where a range of names begins, or as the key of one. */
export function nameKey(log: number, name: string): Buffer {
  const key = Buffer.allocUnsafe(LOG_BYTES + name.length);
  key.writeUInt16BE(log, 0);
  key.write(name, LOG_BYTES, 'latin1');
  return key;
}

/** `[log, mailbox, seq]` */
export function mailboxKey(log: number, mailbox: string, seq: number): Buffer {
  const end = LOG_BYTES + mailbox.length;
  const key = Buffer.allocUnsafe(end + 1 + SEQ_BYTES);
  key.writeUInt16BE(log, 0);
  key.write(mailbox, LOG_BYTES, 'latin1');
  key[end] = 0;
  writeSeq(key, seq, end + 1);
  return key;
}

/** `[log, mailbox, id]`; an id is visible ASCII. */
export function idKey(log: number, mailbox: string, id: string): Buffer {
  return nameKey(log, `${mailbox}\0${id}`);
}

export function seqOfKey(key: Uint8Array): number {
  return readSeq(key, key.byteLength - SEQ_BYTES);
}

export function nameOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('latin1', LOG_BYTES);
}

export function seqValue(seq: number): Buffer {
  const value = Buffer.allocUnsafe(SEQ_BYTES);
  writeSeq(value, seq, 0);
  return value;
}

export function seqOfValue(value: Uint8Array): number {
  return readSeq(value, 0);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeSeq(target: Buffer, seq: number, at: number): void {
  target.writeUInt32BE(Math.floor(seq / 0x1_0000_0000), at);
  target.writeUInt32BE(seq % 0x1_0000_0000, at + 4);
}

function readSeq(source: Uint8Array, at: number): number {
  const bytes = asBuffer(source);
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
