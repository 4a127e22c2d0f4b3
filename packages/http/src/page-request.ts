import type { Caller } from '@restante/auth';
import { type Cursor, formatCursor, type Pattern, parseCursor, parsePattern, RestanteError } from '@restante/protocol';
import type { CatchUp } from '@restante/protocol/schemas';
import type { Admission } from './admission.js';
import type { Limits } from './context.js';
import { invalid, type Query, readInteger, readSeconds } from './query.js';

/**
 * What a reader of a page asks for, from the query to checked values: which parameters go together, and the defaults of DESIGN section 8.
 */

/** Where reading begins. A cursor holds only logs that the pattern touches; one that it lacks begins at the floor. */
export type Start = 'now' | 'earliest' | Cursor;

interface Wanted {
  readonly pattern: Pattern;
  /** What the pattern touches, sorted. */
  readonly logs: readonly string[];
  readonly limit: number;
}

/** Onwards from a place. */
export interface PageAfter extends Wanted {
  readonly direction: 'after';
  readonly after: Start;
  readonly mode: CatchUp;
  /** 0: answer at once. */
  readonly waitMs: number;
}

/** The newest, below a position or below the head. */
export interface PageBefore extends Wanted {
  readonly direction: 'before';
  readonly before: Cursor | undefined;
}

export type PageRequest = PageAfter | PageBefore;

/**
 * @param name as it stood in the path. @param query of which every parameter is known
 * @throws RestanteError `PATTERN_INVALID` · `CURSOR_INVALID` · `QUERY_INVALID` · those of `logsToRead`
 */
export function parsePageRequest(name: string, query: Query, limits: Limits, admission: Admission, caller: Caller): PageRequest {
  const pattern = parsePattern(name);
  refuseTogether(query, 'last', ['after', 'before', 'limit', 'wait', 'catchUp']);
  refuseTogether(query, 'before', ['after', 'wait', 'catchUp']);
  const limit = readInteger(query, 'limit', 1, limits.pageMessagesMax) ?? limits.pageMessagesDefault;
  const last = readInteger(query, 'last', 1, limits.pageMessagesMax);
  const waitMs = (readSeconds(query, 'wait', limits.waitSecondsMax) ?? 0) * 1_000;
  const mode = readCatchUp(query);
  const logs = admission.logsToRead(pattern, caller);
  if (last !== undefined) return { direction: 'before', pattern, logs, limit: last, before: undefined };
  if (query['before'] !== undefined) return { direction: 'before', pattern, logs, limit, before: parseBefore(query['before'], logs) };
  return { direction: 'after', pattern, logs, limit, mode, waitMs, after: parseStart(query['after'] ?? 'earliest', logs) };
}

/** @throws RestanteError `CURSOR_INVALID` */
export function parseStart(text: string, logs: readonly string[]): Start {
  return text === 'now' || text === 'earliest' ? text : parsePlace(text, logs, 'a cursor, "earliest" or "now"');
}

/** The same, for a cursor only. */
export function parsePlace(text: string, logs: readonly string[], expected?: string): Cursor | 'earliest' {
  const cursor = onlyOf(parseCursor(text, expected), logs);
  return cursor.size === 0 ? 'earliest' : cursor;
}

/** The same text for every start that means the same. */
export function formatStart(start: Start): string {
  return typeof start === 'string' ? start : formatCursor(start);
}

function parseBefore(text: string, logs: readonly string[]): Cursor {
  if (logs.length > 1) throw invalid('before', 'only for patterns within one namespace');
  const before = onlyOf(parseCursor(text), logs);
  if (before.size === 0) throw invalid('before', 'a cursor of another namespace');
  return before;
}

function onlyOf(cursor: Cursor, logs: readonly string[]): Cursor {
  return new Map([...cursor].filter(([log]) => logs.includes(log)));
}

function readCatchUp(query: Query): CatchUp {
  const text = query['catchUp'] ?? 'every';
  if (text !== 'every' && text !== 'latest') throw invalid('catchUp', 'neither every nor latest');
  return text;
}

function refuseTogether(query: Query, one: string, others: readonly string[]): void {
  if (query[one] === undefined) return;
  for (const other of others) {
    if (query[other] !== undefined) throw new RestanteError('QUERY_INVALID', `the parameters "${one}" and "${other}" do not go together`);
  }
}
