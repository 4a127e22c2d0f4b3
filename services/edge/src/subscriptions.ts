import type { Caller } from '@restante/auth';
import type { After, Reader } from '@restante/delivery';
import { type Context, parseStart } from '@restante/http';
import { parsePattern, type Pattern, RestanteError } from '@restante/protocol';
import type { CatchUp } from '@restante/protocol/schemas';
import { startOfLast } from './last.js';

/** From what a client asks for to a reader of delivery: names, permission, and where to begin. One door for sockets and streams. */

export interface Wanted {
  readonly mailboxes: readonly string[];
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly catchUp?: CatchUp | undefined;
}

export interface Admitted {
  readonly patterns: readonly Pattern[];
  /** The logs that they touch, each with those of them that touch it. */
  readonly logs: ReadonlyMap<string, readonly Pattern[]>;
  readonly mode: CatchUp;
  readonly start: After;
  readonly last: number | undefined;
}

/** @throws RestanteError `PATTERN_INVALID` · `CURSOR_INVALID` · `QUERY_INVALID` · those of `Admission.logsToRead` */
export function admit(context: Context, caller: Caller, { mailboxes, after, last, catchUp = 'every' }: Wanted): Admitted {
  const patterns = [...new Set(mailboxes)].map(parsePattern);
  const logs = new Map<string, Pattern[]>();
  for (const pattern of patterns) {
    for (const log of context.admission.logsToRead(pattern, caller)) {
      const known = logs.get(log);
      if (known === undefined) logs.set(log, [pattern]);
      else known.push(pattern);
    }
  }
  if (last !== undefined && (after !== undefined || catchUp === 'latest')) {
    throw new RestanteError('QUERY_INVALID', '"last" goes neither with "after" nor with catchUp "latest"');
  }
  const start = parseStart(after ?? (catchUp === 'latest' ? 'earliest' : 'now'), [...logs.keys()]);
  return { patterns, logs, mode: catchUp, start, last };
}

/** Begins to read, at once or when `last` was looked up; not at all where it is no longer wanted then. */
export async function subscribe(
  { deps }: Context,
  { logs, start, last }: Admitted,
  isUnwanted: () => boolean,
  begin: (after: After) => Reader,
): Promise<void> {
  if (last === undefined) {
    begin(start);
    return;
  }
  const after = await startOfLast(deps.logs, logs, last);
  if (!isUnwanted()) begin(after);
}
