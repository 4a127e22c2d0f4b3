import type { Cursor } from '@restante/protocol';
import type { Waiting } from '../src/context.js';

/** A `Waiting` whose news comes when the test says so. */
export class FakeWaiting implements Waiting {
  /** What was waited for, and still is where `signal` was not aborted. */
  readonly calls: {
    readonly after: Cursor;
    readonly signal: AbortSignal;
    readonly arrive: () => void;
    readonly fail: (error: unknown) => void;
  }[] = [];

  arrived(_logs: unknown, _pattern: unknown, after: Cursor, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => this.calls.push({ after, signal, arrive: resolve, fail: reject }));
  }

  arrive(): void {
    this.calls.at(-1)?.arrive();
  }
}

/** Lets everything go on that only waits for promises. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
