import type { Log } from '@restante/backend';
import { type Cursor, currentEpoch, LIMITS, type Pattern, type Position } from '@restante/protocol';

/** Where a reader begins who wants the newest so many messages, and then everything that comes: just before the oldest of them. */
export async function startOfLast(
  logs: ReadonlyMap<string, Log>,
  wanted: ReadonlyMap<string, readonly Pattern[]>,
  last: number,
): Promise<Cursor> {
  const pages = await Promise.all(
    [...wanted].map(async ([name, patterns]) => {
      const log = logs.get(name);
      if (log === undefined) throw new Error(`no log ${name} was opened`);
      return { name, newest: await newestOf(log, patterns, last) };
    }),
  );
  const newestFirst = pages
    .flatMap(({ name, newest }) => newest.places.map((place) => ({ name, ...place })))
    .sort((a, b) => b.time - a.time || b.seq - a.seq);
  const cursor = new Map<string, Position>();
  for (const { name, newest } of pages) cursor.set(name, newest.end);
  for (const { name, seq } of newestFirst.slice(0, last)) {
    const known = cursor.get(name);
    if (known !== undefined) cursor.set(name, { epoch: known.epoch, seq: Math.min(known.seq, seq - 1) });
  }
  return cursor;
}

interface Newest {
  /** Up to where was looked. */
  readonly end: Position;
  readonly places: readonly { readonly seq: number; readonly time: number }[];
}

/** Page by page from the end back, since a page is bounded in bytes; only the places are kept. */
async function newestOf(log: Log, patterns: readonly Pattern[], last: number): Promise<Newest> {
  const places: { seq: number; time: number }[] = [];
  let end: Position | undefined;
  let before: Position | undefined;
  for (;;) {
    const page = await log.readNewest({ patterns, limit: last - places.length, bytes: LIMITS.pageBytesMax, ...(before && { before }) });
    const epoch = currentEpoch(page.epochs);
    end ??= { epoch, seq: page.next };
    const [first] = page.entries;
    for (const { seq, time } of page.entries) places.push({ seq, time });
    if (first === undefined || places.length >= last || page.start <= page.floor || epoch !== end.epoch) return { end, places };
    before = { epoch, seq: first.seq };
  }
}
