import type { Log, LogPage } from '@restante/backend';
import { type Cursor, currentEpoch, type Entry, entryBytes, type GapReason, type Position } from '@restante/protocol';
import { logNamed } from './appends.js';
import type { PageAfter, PageBefore, PageRequest } from './page-request.js';

/**
 * Pages from the logs: of one log, or of several merged by time. Never beyond a log's head at the request, so that a publisher
 * reads its own writes, and never a cursor beyond what was read (I3). Bounded by count and by bytes (I7).
 */

/** An entry, and where it lies. */
export interface Located {
  readonly log: string;
  readonly epoch: string;
  readonly entry: Entry;
}

export interface PageRead {
  /** Ascending. */
  readonly entries: readonly Located[];
  /** Names every log that the pattern touches. */
  readonly next: Cursor;
  readonly complete: boolean;
  readonly reason?: GapReason;
  /** The same request can only ever be answered with this, or with less of it: it is full, so later messages go to the next page. */
  readonly closed: boolean;
}

export async function readPage(logs: ReadonlyMap<string, Log>, request: PageRequest, bytesMax: number): Promise<PageRead> {
  const wanted = request.logs.map((name) => logNamed(logs, name));
  if (request.direction === 'before') return readBefore(wanted, request, bytesMax);
  if (request.after === 'now') return emptyPage(await headsOf(wanted));
  return readAfter(wanted, request, request.after, bytesMax);
}

/** A page that says: nothing yet, go on from here. */
export function emptyPage(next: Cursor): PageRead {
  return { entries: [], next, complete: true, closed: false };
}

async function headsOf(logs: readonly Log[]): Promise<Cursor> {
  const states = await Promise.all(logs.map(async (log) => ({ log, state: await log.state() })));
  return new Map(states.map(({ log, state }) => [log.name, { epoch: currentEpoch(state.epochs), seq: state.head }]));
}

async function readAfter(logs: readonly Log[], request: PageAfter, after: Cursor | 'earliest', bytesMax: number): Promise<PageRead> {
  const { pattern, mode, limit } = request;
  const bytes = Math.ceil(bytesMax / logs.length);
  const parts = await Promise.all(
    logs.map(async (log) => {
      const position = after === 'earliest' ? after : (after.get(log.name) ?? 'earliest');
      return { log: log.name, page: await log.read({ patterns: [pattern], after: position, mode, limit, bytes }) };
    }),
  );
  const merged = merge(parts);
  const taken = merged.slice(0, countWithin(merged, limit, bytesMax));
  const next = new Map(parts.map((part) => [part.log, nextOf(part, merged, taken.length)]));
  const full = taken.length === limit || (parts.length === 1 && parts.every(({ page }) => page.next < page.head));
  const completeness = completenessOf(parts);
  return { entries: taken, next, ...completeness, closed: full && completeness.complete && mode === 'every' };
}

async function readBefore(logs: readonly Log[], request: PageBefore, bytesMax: number): Promise<PageRead> {
  const { pattern, before, limit } = request;
  const bytes = Math.ceil(bytesMax / logs.length);
  const parts = await Promise.all(
    logs.map(async (log) => {
      const position = before?.get(log.name);
      return { log: log.name, page: await log.readNewest({ patterns: [pattern], ...(position && { before: position }), limit, bytes }) };
    }),
  );
  const newestFirst = merge(parts).reverse();
  const taken = newestFirst.slice(0, countWithin(newestFirst, limit, bytesMax)).reverse();
  const next = new Map(parts.map(({ log, page }) => [log, positionIn(page, page.next)]));
  const completeness = completenessOf(parts);
  return { entries: taken, next, ...completeness, closed: before !== undefined && completeness.complete };
}

interface Part {
  readonly log: string;
  readonly page: LogPage;
}

/** All entries by time, then by log. Time never goes back within a log, so each log's own order is kept. */
function merge(parts: readonly Part[]): Located[] {
  const all = parts.flatMap(({ log, page }) => {
    const epoch = currentEpoch(page.epochs);
    return page.entries.map((entry): Located => ({ log, epoch, entry }));
  });
  // The sort is stable, and the parts come in the order of their logs.
  return parts.length === 1 ? all : all.sort((a, b) => a.entry.time - b.entry.time);
}

function countWithin(entries: readonly Located[], limit: number, bytesMax: number): number {
  let bytes = 0;
  for (const [index, { entry }] of entries.entries()) {
    bytes += entryBytes(entry);
    if (index === limit || (index > 0 && bytes > bytesMax)) return index;
  }
  return entries.length;
}

/** Where this log goes on: after what was taken of it, where something of it was left. */
function nextOf({ log, page }: Part, merged: readonly Located[], taken: number): Position {
  if (!merged.some((candidate, index) => index >= taken && candidate.log === log)) return positionIn(page, page.next);
  const last = merged.findLast((candidate, index) => index < taken && candidate.log === log);
  return positionIn(page, last?.entry.seq ?? page.start);
}

function positionIn(page: LogPage, seq: number): Position {
  return { epoch: currentEpoch(page.epochs), seq };
}

function completenessOf(parts: readonly Part[]): Pick<PageRead, 'complete' | 'reason'> {
  const gaps = parts.filter(({ page }) => !page.complete);
  if (gaps.length === 0) return { complete: true };
  return { complete: false, reason: gaps.some(({ page }) => page.reason === 'history') ? 'history' : 'retention' };
}
