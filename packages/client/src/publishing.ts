import { RequestError } from './errors.js';
import { type HttpContext, request } from './http.js';
import type { Acknowledgement, After, Link } from './links/link.js';

/**
 * Publishes, each repeated under its id until it is known to be stored (I1, I8). Of one mailbox one at a time, so that what is repeated stays
 * in its order (I2). What waits is bounded (I7): beyond, a publish is refused.
 */

/** How a message is published. */
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
  readonly after: After;
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
  readonly #waiting = new Set<AbortController>();
  #isClosed = false;

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
  }

  async publish(mailbox: string, data: unknown, { id = randomId(), contentType, signal }: PublishOptions): Promise<Acknowledgement> {
    if (this.#isClosed) throw isClosed();
    if (this.#waiting.size >= WAITING_MAX) throw new RequestError('PUBLISHES_TOO_MANY', `${WAITING_MAX} publishes are waiting already`);
    signal?.throwIfAborted();
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    this.#waiting.add(giveUp);
    const send = (wanted: AbortSignal): Promise<Acknowledgement> => this.#send(mailbox, data, id, contentType, wanted);
    const stored = (this.#last.get(mailbox) ?? Promise.resolve()).then(() => this.#untilStored(send, giveUp.signal));
    const done = stored.catch(() => undefined);
    this.#last.set(mailbox, done);
    try {
      return await stored;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(giveUp);
      if (this.#last.get(mailbox) === done) this.#last.delete(mailbox);
    }
  }

  /** Gives up what is under way: nobody knows whether it was stored. */
  close(): void {
    this.#isClosed = true;
    for (const giveUp of this.#waiting) giveUp.abort(isClosed());
  }

  async #untilStored(send: (wanted: AbortSignal) => Promise<Acknowledgement>, wanted: AbortSignal): Promise<Acknowledgement> {
    const { after, random } = this.#deps;
    for (let tries = 0; ; tries++) {
      wanted.throwIfAborted();
      try {
        return await inTime(send, wanted, after);
      } catch (error) {
        wanted.throwIfAborted();
        if (!(error instanceof RequestError && error.retryable)) throw error;
        const pauseMs = random() * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(tries, 10));
        await pause((error.retryAfterMs ?? 0) + pauseMs, wanted, after);
      }
    }
  }

  /** Over the connection where there is one that takes it, else over HTTP. */
  async #send(mailbox: string, data: unknown, id: string, contentType: string | undefined, signal: AbortSignal): Promise<Acknowledgement> {
    const sent = contentType === undefined ? this.#deps.link()?.publish(mailbox, data, id) : undefined;
    if (sent !== undefined) return sent;
    const body = contentType === undefined ? JSON.stringify(data) : (data as string | Uint8Array);
    const headers = { 'content-type': contentType ?? 'application/json', 'idempotency-key': id };
    const response = await request(this.#deps, `${this.#deps.url()}/v1/mailboxes${mailbox}`, { method: 'POST', headers, body, signal });
    try {
      const { cursor, duplicate } = (await response.json()) as Acknowledgement;
      return { cursor, duplicate };
    } catch (cause) {
      throw new RequestError('UNREACHABLE', 'the answer was cut off', { retryable: true, cause });
    }
  }
}

/** One attempt: given up when it takes too long, or is no longer wanted. */
function inTime(send: (wanted: AbortSignal) => Promise<Acknowledgement>, wanted: AbortSignal, after: After): Promise<Acknowledgement> {
  const attempt = new AbortController();
  return new Promise((resolve, reject) => {
    const giveUp = (reason: unknown): void => {
      reject(reason);
      attempt.abort(reason);
    };
    const onAbort = (): void => giveUp(wanted.reason);
    wanted.addEventListener('abort', onAbort);
    const stop = after(ANSWER_MS, () => giveUp(new RequestError('UNREACHABLE', 'no answer in time', { retryable: true })));
    void send(attempt.signal)
      .then(resolve, reject)
      .finally(() => {
        stop();
        wanted.removeEventListener('abort', onAbort);
      });
  });
}

function pause(ms: number, wanted: AbortSignal, after: After): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      wanted.removeEventListener('abort', end);
      resolve();
    };
    const stop = after(ms, end);
    wanted.addEventListener('abort', end);
  });
}

function isClosed(): RequestError {
  return new RequestError('CLOSED', 'the client was closed');
}

/** Not `randomUUID`: pages that were not served over https have none. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
