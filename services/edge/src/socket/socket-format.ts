import type { PageBatch, WireFormat } from '@restante/delivery';
import { type Cursor, formatCursor } from '@restante/protocol';
import type { ServerFrame } from '@restante/protocol/schemas';
import { messageText, PageTexts } from '../message-text.js';

/** The frames of `restante.v1` as bytes: RFC 6455 text frames, unmasked, each whole. Live batches are made once per audience. */

const FIN_TEXT = 0x81;

/** A text frame of this payload. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const header = headerBytes(bytes);
  const frame = Buffer.allocUnsafe(header + bytes);
  writeHeader(frame, bytes);
  frame.write(text, header);
  return frame;
}

export function frameOf(frame: ServerFrame): Buffer {
  return textFrame(JSON.stringify(frame));
}

function headerBytes(payload: number): number {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}

function writeHeader(frame: Buffer, payload: number): void {
  frame[0] = FIN_TEXT;
  if (payload < 126) {
    frame[1] = payload;
  } else if (payload < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(payload, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(payload), 2);
  }
}

export const SOCKET_FORMAT: WireFormat = {
  name: 'websocket',
  batch(log, epoch, entries, cursor) {
    const messages = entries.map((entry) => messageText(log, epoch, entry));
    return textFrame(`{"type":"messages","cursor":"${formatCursor(cursor)}","messages":[${messages.join(',')}]}`);
  },
  position: (cursor) => textFrame(`{"type":"position","cursor":"${formatCursor(cursor)}"}`),
};

/** The end of a frame of catch-up messages: what comes before names the subscription, and is each reader's own. */
const pages = new PageTexts(({ log, epoch, entries }) => `${entries.map((entry) => messageText(log, epoch, entry)).join(',')}]}`);

/** A catch-up frame in two buffers, the second of which others may get too. */
export function pageFrame(ref: string, cursor: Cursor, page: PageBatch): readonly [own: Buffer, shared: Buffer] {
  const shared = pages.of(page);
  const text = `{"type":"messages","for":[${JSON.stringify(ref)}],"cursor":"${formatCursor(cursor)}","messages":[`;
  const payload = Buffer.byteLength(text) + shared.length;
  const header = headerBytes(payload);
  const own = Buffer.allocUnsafe(payload - shared.length + header);
  writeHeader(own, payload);
  own.write(text, header);
  return [own, shared];
}
