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
      const page = await logs.get(name)?.readNewest({ patterns, limit: last, bytes: LIMITS.pageBytesMax });
      if (page === undefined) throw new Error(`no log ${name} was opened`);
      return { name, page };
    }),
  );
  const newestFirst = pages
    .flatMap(({ name, page }) => page.entries.map(({ seq, time }) => ({ name, seq, time })))
    .sort((a, b) => b.time - a.time || b.seq - a.seq);
  const cursor = new Map<string, Position>();
  for (const { name, page } of pages) cursor.set(name, { epoch: currentEpoch(page.epochs), seq: page.next });
  for (const { name, seq } of newestFirst.slice(0, last)) {
    const known = cursor.get(name);
    if (known !== undefined) cursor.set(name, { epoch: known.epoch, seq: Math.min(known.seq, seq - 1) });
  }
  return cursor;
}
