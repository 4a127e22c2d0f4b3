import { setTimeout as sleep } from 'node:timers/promises';

/** Keeps one connection open for ever: whenever it ends, another is opened after a short, random pause. */
export class Reconnecting {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** How many connections were opened. */
  connections = 0;
  /** Why the last one ended, where it did not simply end. */
  lastFailure: unknown;

  /**
   * @param open resolves when the connection is over; gives up when the signal says so
   * @param random in [0, 1); the pause is up to 50 ms
   */
  constructor(open: (signal: AbortSignal) => Promise<void>, random: () => number) {
    this.#done = this.#run(open, random);
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(open: (signal: AbortSignal) => Promise<void>, random: () => number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.connections++;
      try {
        await open(signal);
      } catch (error) {
        this.lastFailure = error;
        if (error instanceof NotRetryable) return;
      }
      if (!signal.aborted) await sleep(5 + random() * 45, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** The server said that coming back will not help. The reader stays away, and the test finds this as its `lastFailure`. */
export class NotRetryable extends Error {}
