import { setTimeout as sleep } from 'node:timers/promises';
import { hashOfBody } from '../history/hash.js';
import { type Recorder, recordPublish, type SentOutcome } from '../history/record.js';

/**
 * Publishes and records what every message came to, whatever carries it. One request at a time, so that its own order is plain (I2);
 * what is unknown, or may succeed later, it sends again under the same ids, as whole requests, until it is told.
 */

export interface PublisherOptions {
  readonly sender: Sender;
  /** Its name in the history, and the start of every id that it makes. */
  readonly name: string;
  readonly recorder: Recorder;
  /** Default true. False: what is unknown stays unknown. */
  readonly retries?: boolean;
}

/** How requests travel. */
export interface Sender {
  /** @throws where nobody knows what became of them */
  send(messages: readonly Sending[]): Promise<readonly Answer[]>;
  close(): void;
}

export interface Sending {
  readonly mailbox: string;
  readonly id: string;
  readonly data: unknown;
}

export interface Answer extends SentOutcome {
  /** Would the same request, unchanged, come to something else? */
  readonly again: boolean;
}

export interface Drop {
  readonly mailbox: string;
  /** As `JSON.stringify` writes it, so that it can be hashed by whoever parsed it. */
  readonly data: unknown;
  readonly id?: string;
}

export interface RunOptions {
  readonly count: number;
  readonly drop: (index: number) => Drop;
  /** Messages in one request; default 1. */
  readonly batch?: number;
  /** Default: as fast as it can. */
  readonly messagesPerSecond?: number;
  readonly signal?: AbortSignal;
}

const RETRY_MS = 30;

export class Publisher {
  readonly #options: PublisherOptions;
  #calls = 0;
  #ids = 0;
  /** Messages of which it was told that they are stored. */
  acknowledged = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Publishes `count` messages one request after another; lives through the death of the server. */
  async run({ count, drop, batch = 1, messagesPerSecond, signal }: RunOptions): Promise<void> {
    const started = performance.now();
    for (let sent = 0; sent < count; sent += batch) {
      if (signal?.aborted) return;
      const size = Math.min(batch, count - sent);
      await this.publish(Array.from({ length: size }, (_, i) => drop(sent + i)));
      const aheadMs = messagesPerSecond === undefined ? 0 : ((sent + size) * 1_000) / messagesPerSecond - (performance.now() - started);
      if (aheadMs > 1) await sleep(aheadMs);
    }
  }

  /** One request: a single message by its mailbox's address, several as a batch. @returns the last outcome of each. */
  async publish(drops: readonly Drop[]): Promise<readonly SentOutcome[]> {
    const { recorder, name: publisher, retries = true } = this.#options;
    const sent = drops.map(({ mailbox, data, id }) => ({
      mailbox,
      data,
      id: id ?? `${publisher}-${++this.#ids}`,
      hash: hashOfBody({ data }),
    }));
    for (;;) {
      const start = recorder.tick();
      const answers = await this.#send(sent);
      const outcomes = answers.map(({ outcome, cursor, at }) => {
        return { outcome, ...(cursor !== undefined && { cursor }), ...(at !== undefined && { at }) };
      });
      recordPublish(recorder, { publisher, call: ++this.#calls, start }, sent, outcomes);
      if (!retries || !answers.some(({ again }) => again)) {
        this.acknowledged += outcomes.filter(({ outcome }) => outcome === 'stored' || outcome === 'duplicate').length;
        return outcomes;
      }
      await sleep(RETRY_MS);
    }
  }

  close(): void {
    this.#options.sender.close();
  }

  async #send(sent: readonly Sending[]): Promise<readonly Answer[]> {
    try {
      return await this.#options.sender.send(sent);
    } catch {
      // The connection broke, or the answer did: nobody knows.
      return sent.map(() => ({ outcome: 'unknown', again: true }));
    }
  }
}
