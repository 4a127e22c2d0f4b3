import type { Problem, Published } from '@restante/protocol';
import { LIMITS } from '@restante/protocol';
import { Refused } from '../failure.js';
import { retrying } from './retry.js';
import type { Server } from './server.js';

/**
 * Posts many messages in batches, in their order. Every item has an id, so that a batch whose answer was lost is sent again without
 * storing anything twice (I8). One batch is under way at a time: that is what keeps the order.
 */

/** Well below the server's limit: a batch is a unit of progress, too. */
const BATCH_LENGTH_MAX = 1024 * 1024;
const ATTEMPTS_MAX = 8;

export interface Item {
  /** One message of `POST /v1/publish`, as JSON; its data keeps the bytes it came with. */
  readonly json: string;
  /** Where it came from, for a person: `line 12`. */
  readonly from: string;
}

export interface BatchOptions {
  readonly signal: AbortSignal;
  readonly onRetry: (error: Error, waitMs: number) => void;
}

export type Outcome = { readonly item: Item; readonly result: Published | Problem };

/** @throws Refused · Unreachable: of what was not yielded, nobody knows whether it was stored. */
export async function* postAll(
  server: Server,
  items: AsyncIterable<Item | 'pause'>,
  options: BatchOptions,
): AsyncIterable<readonly Outcome[]> {
  for await (const batch of inBatches(items)) yield await post(server, batch, options);
}

/** Groups items as they come; `pause` says that nothing more is there right now, so that what there is goes out. */
async function* inBatches(items: AsyncIterable<Item | 'pause'>): AsyncIterable<readonly Item[]> {
  let batch: Item[] = [];
  let length = 0;
  for await (const item of items) {
    const isFull = item === 'pause' || batch.length === LIMITS.batchMessagesMax || length + item.json.length > BATCH_LENGTH_MAX;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      length = 0;
    }
    if (item === 'pause') continue;
    batch.push(item);
    length += item.json.length;
  }
  if (batch.length > 0) yield batch;
}

async function post(server: Server, batch: readonly Item[], { signal, onRetry }: BatchOptions): Promise<readonly Outcome[]> {
  const outcomes = new Map<Item, Outcome>();
  let left = batch;
  await retrying(
    async () => {
      const body = { json: `[${left.map(({ json }) => json).join(',')}]` };
      const { results } = JSON.parse(await server.text('/v1/publish', { method: 'POST', body, signal })) as {
        results: (Published | Problem)[];
      };
      for (const [index, item] of left.entries()) {
        const result = results[index];
        if (result === undefined) throw new Refused({ status: 200, detail: 'the server answered with fewer results than messages' });
        outcomes.set(item, { item, result });
      }
      // A batch may be stored in part; what failed for now is sent again, with the ids it has.
      left = left.filter((item) => isForNow(outcomes.get(item)?.result));
      const first = left[0] === undefined ? undefined : outcomes.get(left[0])?.result;
      if (first !== undefined && 'code' in first) throw new Refused(first);
    },
    { attemptsMax: ATTEMPTS_MAX, signal, onRetry },
  );
  return [...outcomes.values()];
}

function isForNow(result: Published | Problem | undefined): boolean {
  return result !== undefined && 'code' in result && result.retryable;
}
