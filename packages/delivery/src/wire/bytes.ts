import { Buffer } from 'node:buffer';

/**
 * Writing and reading of the binary messages: little-endian, lengths before what they count.
 * Numbers that may exceed 2^32 (seq, time) are doubles: exact up to 2^53.
 */

export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(bytesExpected: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(64, bytesExpected));
  }

  u8(value: number): void {
    this.#room(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
  }

  u32(value: number): void {
    this.#room(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  f64(value: number): void {
    this.#room(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.u32(bytes);
    this.#room(bytes);
    this.#length += this.#buffer.write(value, this.#length, 'utf8');
  }

  bytes(value: Uint8Array): void {
    this.u32(value.byteLength);
    this.#room(value.byteLength);
    this.#buffer.set(value, this.#length);
    this.#length += value.byteLength;
  }

  list<T>(values: readonly T[], write: (value: T) => void): void {
    this.u32(values.length);
    for (const value of values) write(value);
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Reads what `ByteWriter` wrote. Running off the end throws a RangeError: the message is not one of ours. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  u8(): number {
    this.#at += 1;
    return this.#buffer.readUInt8(this.#at - 1);
  }

  u32(): number {
    this.#at += 4;
    return this.#buffer.readUInt32LE(this.#at - 4);
  }

  f64(): number {
    this.#at += 8;
    return this.#buffer.readDoubleLE(this.#at - 8);
  }

  text(): string {
    const start = this.#span();
    return this.#buffer.toString('utf8', start, this.#at);
  }

  /** A view, not a copy: it lives as long as the message that it came in. */
  bytes(): Uint8Array {
    const start = this.#span();
    return this.#buffer.subarray(start, this.#at);
  }

  list<T>(read: () => T): T[] {
    const length = this.u32();
    // An item has at least one byte: a length beyond what is left is not one of ours, and must not size an array.
    if (length > this.#buffer.length - this.#at) throw new RangeError('list runs off the end');
    return Array.from({ length }, read);
  }

  #span(): number {
    const length = this.u32();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#buffer.length) throw new RangeError('bytes run off the end');
    return start;
  }
}
