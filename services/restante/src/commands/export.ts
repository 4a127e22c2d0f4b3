import { memberSource, memberSources } from '@restante/http/raw-json';
import { type Cursor, LIMITS, type Message, type Page, parseCursor } from '@restante/protocol';
import { retrying } from '../http/retry.js';
import type { Server } from '../http/server.js';
import { type Io, print, say } from '../io.js';
import { Progress } from '../progress.js';
import { patternArgument } from './arguments.js';

/**
 * `restante export`: every message of a pattern, as JSON lines of Messages on standard output, up to what was the newest at the start.
 * Data keeps its bytes. A break costs nothing: the next page begins where the last one ended, and what was printed is whole lines.
 */

const ATTEMPTS_MAX = 8;

export interface ExportOptions {
  readonly after?: string;
}

export async function exportMessages(io: Io, server: Server, text: string, { after = 'earliest' }: ExportOptions): Promise<void> {
  const pattern = patternArgument(text);
  const progress = new Progress(io, 'exported');
  const read = (query: Record<string, string>) => page(io, server, pattern, query, progress);
  const head = parseCursor((await read({ last: '1' })).page.next);
  let at = after;
  try {
    for (;;) {
      const {
        page: { messages, next, complete, reason },
        source,
      } = await read({ after: at, limit: `${LIMITS.pageMessagesMax}` });
      if (!complete) {
        progress.pause();
        say(io, `messages are missing before the next line: ${reason ?? 'unknown'}`);
      }
      await print(io, lines(messages, source));
      const isLast = next === at || hasReached(parseCursor(next), head);
      at = next;
      progress.add(messages.length, share(parseCursor(next), head));
      if (isLast) break;
    }
  } catch (error) {
    progress.pause();
    if (at !== after) say(io, `what was printed is complete; go on with: restante export '${pattern}' --after ${at}`);
    throw error;
  }
  progress.end();
}

async function page(
  io: Io,
  server: Server,
  pattern: string,
  query: Record<string, string>,
  progress: Progress,
): Promise<{ page: Page; source: string }> {
  const { signal } = io;
  const onRetry = (error: Error, waitMs: number): void => {
    progress.pause();
    say(io, `${error.message}; trying again in ${(waitMs / 1_000).toFixed(1)} s`);
  };
  const ask = () => server.text(`/v1/mailboxes${pattern}`, { query: Object.entries(query), signal });
  // Nobody there at the very start is told at once.
  const source = await retrying(ask, { attemptsMax: query['last'] === undefined ? ATTEMPTS_MAX : 1, signal, onRetry });
  return { page: JSON.parse(source) as Page, source };
}

function lines(messages: readonly Message[], source: string): string {
  const sources = memberSources(memberSource(source, 'messages') ?? '[]', 'data');
  return messages.map((message, index) => `${line(message, sources[index])}\n`).join('');
}

/** Numbers that JavaScript cannot hold would change if `data` were printed from what was parsed. */
function line({ data: _parsed, ...rest }: Message, source: string | undefined): string {
  return source === undefined ? JSON.stringify(rest) : `${JSON.stringify(rest).slice(0, -1)},"data":${source}}`;
}

function hasReached(next: Cursor, head: Cursor): boolean {
  return [...head].every(([log, { seq }]) => (next.get(log)?.seq ?? 0) >= seq);
}

function share(next: Cursor, head: Cursor): number {
  let done = 0;
  let all = 0;
  for (const [log, { seq }] of head) {
    done += Math.min(seq, next.get(log)?.seq ?? 0);
    all += seq;
  }
  return all === 0 ? 1 : done / all;
}
