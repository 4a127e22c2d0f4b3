import type { PageBatch, WireFormat } from '@restante/delivery';
import { type Cursor, formatCursor, formatPosition, type GapReason } from '@restante/protocol';
import { messageText, PageTexts } from '../message-text.js';

/**
 * Server-sent events. A stream within one log names every event by its message's own cursor, and the bytes are the same for all its
 * readers. Over several logs only the whole cursor resumes, so events go unnamed and one `id:` block follows each batch.
 */

/** How long a browser waits before it connects again, when nobody told it better. Opens every stream; the block is not ended yet. */
export const RETRY = 'retry: 2000\n';

const namedEvents = ({ log, epoch, entries }: Omit<PageBatch, 'shared'>): string =>
  entries.map((entry) => `id: ${formatPosition(log, { epoch, seq: entry.seq })}\ndata: ${messageText(log, epoch, entry)}\n\n`).join('');

const unnamedEvents = ({ log, epoch, entries }: Omit<PageBatch, 'shared'>): string =>
  entries.map((entry) => `data: ${messageText(log, epoch, entry)}\n\n`).join('');

/** Names a place to come back to, and nothing else. */
export const idBlock = (cursor: Cursor): string => `id: ${formatCursor(cursor)}\n\n`;

export interface StreamFormat extends WireFormat {
  /** A catch-up page: what all readers of the page get, and what follows for this one. */
  page(page: PageBatch, cursor: Cursor): readonly [shared: Buffer, own: Buffer];
}

const EMPTY = Buffer.alloc(0);
const namedPages = new PageTexts(namedEvents);
const unnamedPages = new PageTexts(unnamedEvents);

/** For streams within one log. */
export const ONE_LOG: StreamFormat = {
  name: 'sse',
  batch: (log, epoch, entries) => Buffer.from(namedEvents({ log, epoch, entries })),
  position: (cursor) => Buffer.from(idBlock(cursor)),
  page: (page) => [namedPages.of(page), EMPTY],
};

/** For streams over several logs. */
export const MANY_LOGS: StreamFormat = {
  name: 'sse-many',
  batch: (log, epoch, entries, cursor) => Buffer.from(unnamedEvents({ log, epoch, entries }) + idBlock(cursor)),
  position: (cursor) => Buffer.from(idBlock(cursor)),
  page: (page, cursor) => [unnamedPages.of(page), Buffer.from(idBlock(cursor))],
};

export function liveEvent(cursor: Cursor): string {
  return `event: live\ndata: {"cursor":"${formatCursor(cursor)}"}\n\n`;
}

export function gapEvent(cursor: Cursor, reason: GapReason): string {
  const text = formatCursor(cursor);
  return `id: ${text}\nevent: gap\ndata: {"cursor":"${text}","reason":"${reason}"}\n\n`;
}

/** Tells the browser when to come back; the stream ends after it. */
export function leavingBlock(retryAfterMs: number): string {
  return `retry: ${retryAfterMs}\n\n`;
}

export const COMMENT = Buffer.from(':\n\n');
