import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem, Published, PublishResults } from '@restante/protocol/schemas';
import { hashOfBody } from '../history/hash.js';
import { type Recorder, recordPublish, type SentOutcome } from '../history/record.js';

/**
 * Publishes over HTTP and records what every message came to. One request at a time, so that its own order is plain (I2);
 * what is unknown, or may succeed later, it sends again under the same ids, as whole requests, until it is told.
 */

export interface PublisherOptions {
  readonly url: string;
  /** Its name in the history, and the start of every id that it makes. */
  readonly name: string;
  readonly recorder: Recorder;
  /** Default true. False: what is unknown stays unknown. */
  readonly retries?: boolean;
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
const ANSWER_MS = 15_000;

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #calls = 0;
  #ids = 0;
  /** Messages of which it was told that they are stored. */
  acknowledged = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
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
      const outcomes = answers.map(({ outcome, cursor }) => ({ outcome, ...(cursor !== undefined && { cursor }) }));
      recordPublish(recorder, { publisher, call: ++this.#calls, start }, sent, outcomes);
      if (!retries || !answers.some(({ again }) => again)) {
        this.acknowledged += outcomes.filter(({ outcome }) => outcome === 'stored' || outcome === 'duplicate').length;
        return outcomes;
      }
      await sleep(RETRY_MS);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(sent: readonly { mailbox: string; data: unknown; id: string }[]): Promise<readonly Answer[]> {
    try {
      const [only] = sent;
      if (sent.length === 1 && only !== undefined) {
        const { status, body } = await this.#post(`/v1/mailboxes${only.mailbox}`, JSON.stringify(only.data), {
          'idempotency-key': only.id,
        });
        return [answerOf(status, JSON.parse(body) as Published | Problem)];
      }
      const items = sent.map(({ mailbox, data, id }) => ({ mailbox, data, id }));
      const { status, body } = await this.#post('/v1/publish', JSON.stringify(items), {});
      const answer = JSON.parse(body) as PublishResults | Problem;
      if (!('results' in answer)) return sent.map(() => answerOf(status, answer));
      return answer.results.map((result) => answerOf('code' in result ? result.status : 200, result));
    } catch {
      // The connection broke, or the answer did: nobody knows.
      return sent.map(() => ({ outcome: 'unknown', again: true }));
    }
  }

  async #post(path: string, body: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(`${this.#options.url}${path}`, {
        method: 'POST',
        agent: this.#agent,
        timeout: ANSWER_MS,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer')));
      asked.on('error', reject).on('response', resolve).end(body);
    });
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    return { status: response.statusCode ?? 0, body: text };
  }
}

interface Answer extends SentOutcome {
  /** Would the same request, unchanged, come to something else? */
  readonly again: boolean;
}

/** Codes that say nothing about whether the message was stored. */
const UNKNOWN_CODES = new Set(['LOG_UNAVAILABLE', 'INTERNAL']);

function answerOf(status: number, answer: Published | Problem): Answer {
  if (!('code' in answer) && status < 300)
    return { outcome: answer.duplicate ? 'duplicate' : 'stored', cursor: answer.cursor, again: false };
  const { code, retryable } = answer as Problem;
  return { outcome: UNKNOWN_CODES.has(code) ? 'unknown' : 'refused', again: retryable };
}
