import { RequestError } from './errors.js';
import { type HttpContext, request } from './http.js';
import type { Acknowledgement, Link, LinkContext } from './links/link.js';

/**
 * Publishes, each repeated under its id until it is known to be stored (I1, I8). Of one mailbox one at a time, so that what is repeated stays
 * in its order (I2). What waits is bounded (I7): beyond, a publish is refused.
 */

export interface PublishOptions {
  /** Under one id a mailbox stores once. Default: a random one. */
  readonly id?: string | undefined;
  /** Of a body that is not JSON: then `data` is its text or bytes. */
  readonly contentType?: string | undefined;
  /** Gives up. Whether the message was stored is not known then. */
  readonly signal?: AbortSignal | undefined;
}

export interface PublishingDeps extends HttpContext {
  readonly url: () => string;
  readonly link: () => Link | undefined;
  readonly after: LinkContext['after'];
  readonly random: () => number;
}

const WAITING_MAX = 1_000;
const ANSWER_MS = 15_000;
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 15_000;

export class Publishing {
  readonly #deps: PublishingDeps;
  /** The last publish of each mailbox that has one under way. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #closing = new AbortController();
  #waiting = 0;

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
  }

  async publish(mailbox: string, data: unknown, options: PublishOptions): Promise<Acknowledgement> {
    if (this.#waiting >= WAITING_MAX) throw new RequestError('PUBLISHES_TOO_MANY', `${WAITING_MAX} publishes are waiting already`);
    this.#waiting += 1;
    const before = this.#last.get(mailbox);
    const stored = (before ?? Promise.resolve()).then(() => this.#untilStored(mailbox, data, options));
    const done = stored.catch(() => undefined);
    this.#last.set(mailbox, done);
    try {
      return await stored;
    } finally {
      this.#waiting -= 1;
      if (this.#last.get(mailbox) === done) this.#last.delete(mailbox);
    }
  }

  /** Gives up what is under way: nobody knows whether it was stored. */
  close(): void {
    this.#closing.abort(new RequestError('CLOSED', 'the client was closed'));
  }

  async #untilStored(mailbox: string, data: unknown, options: PublishOptions): Promise<Acknowledgement> {
    const { id = crypto.randomUUID(), contentType, signal } = options;
    const given = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    for (let tries = 0; ; tries++) {
      given.throwIfAborted();
      try {
        return await this.#once(mailbox, data, id, contentType, given);
      } catch (error) {
        given.throwIfAborted();
        if (!(error instanceof RequestError && error.retryable)) throw error;
        const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(tries, 10)) * this.#deps.random();
        await this.#pause((error.retryAfterMs ?? 0) + pauseMs, given);
      }
    }
  }

  /** Over the connection where there is one that takes it, else over HTTP. */
  async #once(mailbox: string, data: unknown, id: string, contentType: string | undefined, signal: AbortSignal): Promise<Acknowledgement> {
    const sent = contentType === undefined ? this.#deps.link()?.publish(mailbox, data, id) : undefined;
    if (sent !== undefined) return this.#inTime(sent, signal);
    const body = contentType === undefined ? JSON.stringify(data) : (data as BodyInit);
    const headers = { 'content-type': contentType ?? 'application/json', 'idempotency-key': id };
    const url = `${this.#deps.url()}/v1/mailboxes${mailbox}`;
    const answer = request(this.#deps, url, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    const { cursor, duplicate } = (await (await answer).json()) as Acknowledgement;
    return { cursor, duplicate };
  }

  async #inTime(sent: Promise<Acknowledgement>, signal: AbortSignal): Promise<Acknowledgement> {
    let stop: (() => void) | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      stop = this.#deps.after(ANSWER_MS, () => reject(new RequestError('UNREACHABLE', 'no answer in time', { retryable: true })));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      return await Promise.race([sent, late]);
    } finally {
      stop?.();
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#deps.after(ms, resolve);
      signal.addEventListener('abort', () => (stop(), resolve()), { once: true });
    });
  }
}
