import { RestanteError } from './errors.js';
import type { Position } from './history.js';
import { LIMITS } from './limits.js';
import { quote } from './names.js';

/**
 * Cursors: positions as text, `log.epoch.seq`, several joined by `,` and sorted by log. Opaque to clients.
 * Parsing is strict: what we did not hand out is refused, so a damaged cursor never resumes somewhere else in silence (I4).
 */

/** Positions by log. */
export type Cursor = ReadonlyMap<string, Position>;

const PART = /^(_|[a-z0-9-]{1,32})\.([a-z0-9]{8,16})\.(0|[1-9]\d{0,15})$/;

export function formatPosition(log: string, position: Position): string {
  return `${log}.${position.epoch}.${position.seq}`;
}

export function formatCursor(cursor: Cursor): string {
  if (cursor.size === 1) for (const [log, position] of cursor) return formatPosition(log, position);
  const logs = [...cursor.keys()].sort();
  return logs.map((log) => formatPosition(log, cursor.get(log) as Position)).join(',');
}

/**
 * @param expected what may stand there, for a person
 * @throws RestanteError `CURSOR_INVALID`
 */
export function parseCursor(text: string, expected = 'a cursor'): Cursor {
  const invalid = (why: string) => new RestanteError('CURSOR_INVALID', `${quote(text)} is not ${expected}: ${why}`);
  const parts = text.split(',', LIMITS.cursorPartsMax + 1);
  if (parts.length > LIMITS.cursorPartsMax) throw invalid(`it names more than ${LIMITS.cursorPartsMax} logs`);
  const cursor = new Map<string, Position>();
  for (const part of parts) {
    const [, log, epoch, digits] = PART.exec(part) ?? [];
    const seq = Number(digits);
    if (log === undefined || epoch === undefined || !Number.isSafeInteger(seq)) throw invalid('send one exactly as it was handed out');
    if (cursor.has(log)) throw invalid('it names a log twice');
    cursor.set(log, { epoch, seq });
  }
  return cursor;
}
