/**
 * As much of RFC 6455 as the load and the yardstick need, by hand: a library's cost must be in neither.
 * Keeps no state; fragmented messages and extensions are not offered, so they do not occur.
 */

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const KEY = 'cmVzdGFudGUtYmVuY2gtMQ==';

export interface FrameHead {
  readonly opcode: number;
  readonly payloadStart: number;
  readonly end: number;
}

/** @returns nothing while the head is not there as a whole; `end` may lie beyond what has arrived. */
export function frameHead(bytes: Buffer, at: number): FrameHead | undefined {
  if (bytes.length < at + 2) return undefined;
  const opcode = (bytes[at] as number) & 0x0f;
  const short = (bytes[at + 1] as number) & 0x7f;
  if (short < 126) return { opcode, payloadStart: at + 2, end: at + 2 + short };
  if (short === 126) {
    if (bytes.length < at + 4) return undefined;
    return { opcode, payloadStart: at + 4, end: at + 4 + bytes.readUInt16BE(at + 2) };
  }
  if (bytes.length < at + 10) return undefined;
  return { opcode, payloadStart: at + 10, end: at + 10 + Number(bytes.readBigUInt64BE(at + 2)) };
}

export function serverFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length < 126) return Buffer.concat([Buffer.of(0x80 | OPCODE.text, payload.length), payload]);
  return Buffer.concat([Buffer.of(0x80 | OPCODE.text, 126, payload.length >> 8, payload.length & 0xff), payload]);
}

/** Masked with a key of zeros, which leaves the payload as it is. */
export function clientFrame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new RangeError('the load sends only short frames');
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}

export function upgradeRequest(host: string, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    '\r\n',
  ].join('\r\n');
}
