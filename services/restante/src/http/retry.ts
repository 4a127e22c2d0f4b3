import { setTimeout as delay } from 'node:timers/promises';
import { isRetryable, Refused } from '../failure.js';

/** Waiting between attempts: longer each time, and never the same for two who were cut off together. */

export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

export const BACKOFF: Backoff = { firstMs: 250, mostMs: 10_000 };

/** @param attempt 1 after the first failure. @param random in [0, 1) */
export function backoffMs(attempt: number, { firstMs, mostMs }: Backoff, random: number): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(full * (0.5 + random / 2));
}

export interface RetryOptions {
  readonly attemptsMax: number;
  readonly signal: AbortSignal;
  readonly backoff?: Backoff;
  readonly onRetry?: (error: Error, waitMs: number) => void;
}

/** Repeats what failed but may succeed later. Only for work that may be repeated: reads, and publishes whose messages have ids (I8). */
export async function retrying<T>(work: () => Promise<T>, { attemptsMax, signal, backoff = BACKOFF, onRetry }: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attemptsMax || !isRetryable(error)) throw error;
      const asked = error instanceof Refused ? (error.problem.retryAfterMs ?? 0) : 0;
      const waitMs = Math.max(asked, backoffMs(attempt, backoff, Math.random()));
      onRetry?.(error as Error, waitMs);
      await delay(waitMs, undefined, { signal });
    }
  }
}
