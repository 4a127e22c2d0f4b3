import type { ClientFrame, ServerFrame, ServerFrames } from '@restante/protocol';
import { RequestError } from '../errors.js';
import type { WebSocketConstructor, WebSocketLike } from '../options.js';
import type { Acknowledgement, Feed, Link, LinkContext } from './link.js';

/**
 * All subscriptions over one WebSocket (docs/protocol.md). Unnamed messages and positions are for the live subscriptions, named ones for
 * those that are named. A browser cannot pause a WebSocket: a subscription whose buffer is full is given up, and made again from its cursor.
 */

const SUBPROTOCOL = 'restante.v1';
/** A ref that no subscription has: to unsubscribe it is answered at once, which a browser's WebSocket offers no other way to ask for. */
const PROBE = 'probe';
/** The answer to a token is of no use: who may do what is said where it is tried. */
const TOKEN = 'token';
const REFUSED_PAUSE_MS = 2_000;

interface Attached {
  readonly feed: Feed;
  /** Every try has a new one, so that late words for the one before are known as such. */
  ref: string;
  isLive: boolean;
  /** It was given up because it is full, or refused for a while. */
  isPaused: boolean;
}

interface Pending {
  resolve(acknowledgement: Acknowledgement): void;
  reject(error: unknown): void;
}

export class SocketLink implements Link {
  readonly #context: LinkContext;
  readonly #socket: WebSocketLike;
  readonly #attached = new Map<Feed, Attached>();
  readonly #byRef = new Map<string, Attached>();
  readonly #publishes = new Map<string, Pending>();
  #refs = 0;
  #frameBytesMax = 0;
  #isOver = false;

  constructor(context: LinkContext, WebSocket: WebSocketConstructor) {
    this.#context = context;
    const socket = new WebSocket(`${context.url.replace(/^http/, 'ws')}/v1/socket`, SUBPROTOCOL);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#onText(String(data)));
    // Its close says more.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code }) => {
      if (this.#isOver) return;
      this.#finish();
      context.events.ended({ code, isFinal: isFinal(code) });
    });
  }

  attach(feed: Feed): void {
    const attached = { feed, ref: '', isLive: false, isPaused: feed.isFull };
    this.#attached.set(feed, attached);
    this.#subscribe(attached);
  }

  detach(feed: Feed): void {
    const attached = this.#attached.get(feed);
    if (attached === undefined) return;
    this.#attached.delete(feed);
    this.#unsubscribe(attached);
  }

  onRoom(feed: Feed): void {
    const attached = this.#attached.get(feed);
    if (!attached?.isPaused) return;
    attached.isPaused = false;
    this.#subscribe(attached);
  }

  renew(): void {
    // Where the application cannot give one now, it is asked again when the server has ended the connection.
    this.#sendToken().catch(() => undefined);
  }

  probe(): void {
    this.#send({ type: 'unsubscribe', ref: PROBE });
  }

  publish(mailbox: string, data: unknown, id: string): Promise<Acknowledgement> | undefined {
    const ref = `p${++this.#refs}`;
    const frame = JSON.stringify({ type: 'publish', ref, mailbox, data, id } satisfies ClientFrame);
    // In UTF-8 a UTF-16 unit takes three bytes at most; only what may be too large is measured.
    const isTooLarge = frame.length * 3 > this.#frameBytesMax && new TextEncoder().encode(frame).length > this.#frameBytesMax;
    if (isTooLarge || this.#isOver) return undefined;
    return new Promise((resolve, reject) => {
      this.#publishes.set(ref, { resolve, reject });
      this.#socket.send(frame);
    });
  }

  close(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#socket.close(1_000);
  }

  #finish(): void {
    this.#isOver = true;
    const error = new RequestError('UNREACHABLE', 'the connection ended', { retryable: true });
    for (const pending of this.#publishes.values()) pending.reject(error);
    this.#publishes.clear();
  }

  #send(frame: ClientFrame): void {
    if (!this.#isOver) this.#socket.send(JSON.stringify(frame));
  }

  #subscribe(attached: Attached): void {
    if (attached.isPaused) return;
    const { feed } = attached;
    attached.ref = `s${++this.#refs}`;
    attached.isLive = false;
    this.#byRef.set(attached.ref, attached);
    const { resumeAt } = feed;
    const start = resumeAt === undefined ? feed.start : { after: resumeAt };
    this.#send({ type: 'subscribe', ref: attached.ref, mailbox: feed.pattern, catchUp: feed.catchUp, ...start });
  }

  #unsubscribe(attached: Attached): void {
    if (!this.#byRef.delete(attached.ref)) return;
    attached.isLive = false;
    this.#send({ type: 'unsubscribe', ref: attached.ref });
  }

  #pause(attached: Attached): void {
    attached.isPaused = true;
    this.#unsubscribe(attached);
    attached.feed.behind();
  }

  #onText(text: string): void {
    if (this.#isOver) return;
    const frame = JSON.parse(text) as ServerFrame;
    const { events } = this.#context;
    if (frame.type === 'hello') {
      this.#frameBytesMax = frame.limits.frameBytes;
      void this.#begin(frame.heartbeatMs);
      return;
    }
    events.heard();
    switch (frame.type) {
      case 'messages':
        this.#messages(frame, text.length);
        break;
      case 'position':
        for (const { feed, isLive } of this.#byRef.values()) if (isLive) feed.position(frame.cursor);
        break;
      case 'subscribed':
        this.#byRef.get(frame.ref)?.feed.began(frame.cursor, frame.complete, frame.reason);
        break;
      case 'live':
        this.#live(frame);
        break;
      case 'gap':
        this.#byRef.get(frame.ref)?.feed.gap(frame.cursor, frame.reason);
        break;
      case 'behind':
        for (const attached of this.#byRef.values()) {
          if (attached.isLive) attached.feed.behind();
          attached.isLive = false;
        }
        break;
      case 'published':
        this.#settle(frame.ref)?.resolve({ cursor: frame.cursor, duplicate: frame.duplicate });
        break;
      case 'drain':
        events.drain(frame.retryAfterMs);
        break;
      case 'error':
        this.#error(frame);
    }
  }

  async #begin(heartbeatMs: number): Promise<void> {
    const { events } = this.#context;
    try {
      await this.#sendToken();
      if (!this.#isOver) events.connected(heartbeatMs);
    } catch {
      this.close();
      events.ended({});
    }
  }

  async #sendToken(): Promise<void> {
    const token = await this.#context.token();
    if (token !== undefined && !this.#isOver) this.#socket.send(JSON.stringify({ type: 'token', ref: TOKEN, token }));
  }

  #live({ ref, cursor }: ServerFrames['live']): void {
    const attached = this.#byRef.get(ref);
    if (attached === undefined) return;
    attached.isLive = true;
    attached.feed.position(cursor);
    attached.feed.live();
  }

  #messages({ for: named, cursor, messages }: ServerFrames['messages'], chars: number): void {
    const charsEach = Math.ceil(chars / Math.max(1, messages.length));
    const concerned =
      named === undefined ? [...this.#byRef.values()].filter(({ isLive }) => isLive) : named.map((ref) => this.#byRef.get(ref));
    for (const attached of concerned) {
      if (attached === undefined) continue;
      const { feed } = attached;
      // Of a live batch a subscription takes what it matches; of a named one all is for it.
      for (const message of messages) if (named !== undefined || feed.matches(message.mailbox)) feed.message(message, charsEach);
      // Its listener may have ended it meanwhile.
      if (!this.#attached.has(feed)) continue;
      feed.position(cursor);
      if (feed.isFull) this.#pause(attached);
    }
  }

  #settle(ref: string): Pending | undefined {
    const pending = this.#publishes.get(ref);
    this.#publishes.delete(ref);
    return pending;
  }

  #error({ ref, code, message, retryable, retryAfterMs }: ServerFrames['error']): void {
    if (ref === undefined) return;
    const error = new RequestError(code, message, { retryable, retryAfterMs });
    this.#settle(ref)?.reject(error);
    const attached = this.#byRef.get(ref);
    if (attached === undefined) return;
    this.#byRef.delete(ref);
    attached.isLive = false;
    if (!retryable) {
      this.#attached.delete(attached.feed);
      attached.feed.refused(error);
      return;
    }
    attached.isPaused = true;
    const { after, random } = this.#context;
    after((retryAfterMs ?? 0) + random() * REFUSED_PAUSE_MS, () => {
      if (!this.#isOver) this.onRoom(attached.feed);
    });
  }
}

/** RFC 6455 and docs/protocol.md: these say that coming back will not help. */
function isFinal(code: number): boolean {
  return (code >= 4_500 && code <= 4_999) || code === 1_002 || code === 1_003 || (code >= 1_007 && code <= 1_010);
}
