import { currentEpoch, type Position } from '@restante/protocol';
import type { TailBatch } from './log.js';

/**
 * The tail of a log that lives in this process: read on, else wait to be woken, else prove that it is alive.
 * Owns the waiting; what a batch holds, and where a position resumes (I3, I11), the log decides in `readAfter`.
 */

/** Most entries in one batch; the rest comes with the next one. */
export const TAIL_ENTRIES_MAX = 1_000;
/** Most bytes in one batch, and at least one entry; the rest comes with the next one. */
export const TAIL_BYTES_MAX = 1024 * 1024;
/** Half of the second within which the port promises a batch. */
export const TAIL_HEARTBEAT_MS = 500;

/** Who waits for a log to grow. The log wakes all of them whenever its head or its epochs changed, and when it closes. */
export class Sleepers {
  readonly #wakes = new Set<() => void>();

  wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }

  /** @returns true when woken, false when `ms` passed or the signal aborted. */
  wait(ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (woken: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#wakes.delete(wake);
        resolve(woken);
      };
      const wake = (): void => end(true);
      const abort = (): void => end(false);
      const timer = setTimeout(abort, ms);
      signal.addEventListener('abort', abort);
      this.#wakes.add(wake);
    });
  }
}

export interface TailSource {
  readonly sleepers: Sleepers;
  readonly closed: boolean;
  /** Synchronous, so that nothing can be appended between finding nothing and going to sleep. */
  readAfter(after: Position | 'earliest'): TailBatch;
}

export async function* tailLocally(
  source: TailSource,
  after: Position | 'earliest',
  signal: AbortSignal,
  heartbeatMs: number,
): AsyncGenerator<TailBatch> {
  let position = after;
  // The first batch comes at once: it says where the tail stands.
  let due = true;
  while (!signal.aborted && !source.closed) {
    const batch = source.readAfter(position);
    const epoch = currentEpoch(batch.epochs);
    const stands = position !== 'earliest' && position.epoch === epoch && position.seq === batch.upTo;
    if (due || !stands) {
      yield batch;
      position = { epoch, seq: batch.upTo };
      due = false;
    } else {
      due = !(await source.sleepers.wait(heartbeatMs, signal));
    }
  }
}
