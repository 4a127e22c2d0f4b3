import { TIMING } from '../connection/timing.js';
import { RequestError } from '../errors.js';
import { type HttpContext, pageUrl, readPage, request } from '../http.js';
import { lowest } from '../positions.js';
import { EventParser } from './event-parser.js';
import type { Feed, Link, LinkContext } from './link.js';

/**
 * Subscriptions over plain HTTP. Each first reads pages from where it stands until one is empty, so that it has its own mode, its own gaps
 * and its own pace. Then either one event stream carries all that have got there, from the lowest of their cursors (they are close
 * together by then, and each drops what it has): one connection, whatever they began with. Or each goes on asking for pages, and waits.
 * A stream has one body: while one of its subscriptions is full it is not read, and the others wait too.
 */

export interface HttpLinkContext extends LinkContext {
  readonly http: HttpContext;
  /** Event streams; else long polls. */
  readonly streams: boolean;
}

/** What the server promises for streams; and longer than a wait lasts. */
const STREAM_HEARTBEAT_MS = 15_000;
const POLL_HEARTBEAT_MS = 30_000;
const WAIT_SECONDS = 25;
/** Requests at a time: a browser has six connections to a server over HTTP/1.1, and publishes need some. Beyond, subscriptions take turns. */
const REQUESTS_MAX = 4;
const TURN_SECONDS = 1;
const ANSWER_MS = 15_000;
/** Subscriptions that get there at about the same time share the next stream. */
const JOIN_MS = 10;
const EPOCHS_DIFFER_MS = 1_000;
/** Longer addresses go as a body. */
const URL_CHARS_MAX = 2_000;

interface Reading {
  readonly feed: Feed;
  /** It has read everything, and is on the stream or will be. */
  isCaughtUp: boolean;
  asking: AbortController | undefined;
  isWaiting: boolean;
}

export class HttpLink implements Link {
  readonly #context: HttpLinkContext;
  readonly #readings = new Map<Feed, Reading>();
  #stream: AbortController | undefined;
  #isJoining = false;
  #requests = 0;
  #whenChanged: (() => void)[] = [];
  #isOver = false;

  constructor(context: HttpLinkContext) {
    this.#context = context;
    const { events, streams } = context;
    void this.#hail(() => events.connected(streams ? STREAM_HEARTBEAT_MS : POLL_HEARTBEAT_MS));
  }

  attach(feed: Feed): void {
    const reading: Reading = { feed, isCaughtUp: false, asking: undefined, isWaiting: false };
    this.#readings.set(feed, reading);
    if (this.#readings.size > REQUESTS_MAX) this.#interruptWaits();
    void this.#read(reading);
  }

  detach(feed: Feed): void {
    const reading = this.#readings.get(feed);
    this.#readings.delete(feed);
    reading?.asking?.abort();
    if (![...this.#readings.values()].some(({ isCaughtUp }) => isCaughtUp)) this.#stream?.abort();
    this.#changed();
  }

  onRoom(): void {
    this.#changed();
  }

  renew(): void {
    this.#interruptWaits();
    if (this.#stream !== undefined) this.#joinSoon();
  }

  /** A stream that should have said something is made anew; where nothing was to come, the server is asked how it is. */
  probe(): void {
    const readings = [...this.#readings.values()];
    if (readings.length === 0 || readings.some(({ feed }) => feed.isFull)) {
      void this.#hail(() => this.#context.events.heard());
      return;
    }
    this.#interruptWaits();
    this.#leaveStream();
  }

  publish(): undefined {
    return undefined;
  }

  close(): void {
    this.#isOver = true;
    this.#stream?.abort();
    for (const { asking } of this.#readings.values()) asking?.abort();
    this.#changed();
  }

  #end(error: unknown, isBlocked = false): void {
    if (this.#isOver) return;
    this.close();
    const { code, retryable, retryAfterMs } = error instanceof RequestError ? error : new RequestError('UNREACHABLE', '');
    this.#context.events.ended({ code, retryAfterMs, isBlocked, isFinal: !isBlocked && !retryable && code !== 'UNREACHABLE' });
  }

  async #hail(answered: () => void): Promise<void> {
    const { http, url } = this.#context;
    const asking = new AbortController();
    const stop = this.#context.after(ANSWER_MS, () => asking.abort());
    try {
      await request(http, `${url}/healthz`, { signal: asking.signal });
      if (!this.#isOver) answered();
    } catch (error) {
      this.#end(error);
    } finally {
      stop();
    }
  }

  // ---- pages

  async #read(reading: Reading): Promise<void> {
    const { feed } = reading;
    const isWanted = (): boolean => !this.#isOver && this.#readings.get(feed) === reading;
    let isLive = false;
    try {
      for (;;) {
        let hasTurn = false;
        await this.#until(() => !isWanted() || (hasTurn = this.#takeTurn(feed)));
        if (!isWanted()) {
          if (hasTurn) this.#endTurn();
          return;
        }
        const answer = await this.#page(reading, isLive);
        if (!isWanted()) return;
        if (answer === undefined) continue;
        const { page, charsEach } = answer;
        this.#context.events.heard();
        if (!page.complete) feed.gap(undefined, page.reason ?? 'history');
        for (const message of page.messages) feed.message(message, charsEach);
        feed.began(page.next, true, undefined);
        if (page.messages.length > 0 || isLive || !isWanted()) continue;
        if (this.#context.streams) {
          reading.isCaughtUp = true;
          this.#joinSoon();
          return;
        }
        isLive = true;
        feed.live();
      }
    } catch (error) {
      if (isWanted()) this.#refuse(feed, error);
    }
  }

  /** What a subscription asks for that others may have is its own fault; all else is the link's. */
  #refuse(feed: Feed, error: unknown): void {
    if (error instanceof RequestError && !error.retryable && error.code !== 'UNREACHABLE') {
      this.detach(feed);
      feed.refused(error);
    } else {
      this.#end(error);
    }
  }

  /** The next page, which ends the turn; undefined where the wait for it was interrupted. */
  async #page(reading: Reading, mayWait: boolean) {
    const { http, url, after } = this.#context;
    const { feed } = reading;
    const seconds = this.#readings.size > REQUESTS_MAX ? TURN_SECONDS : WAIT_SECONDS;
    const asking = new AbortController();
    let isLate = false;
    const stop = after(ANSWER_MS + (mayWait ? seconds * 1_000 : 0), () => {
      isLate = true;
      asking.abort();
    });
    reading.asking = asking;
    reading.isWaiting = mayWait;
    try {
      const wait = mayWait ? seconds : undefined;
      return await readPage(http, pageUrl(url, feed.pattern, { ...queryOf(feed), wait }), asking.signal);
    } catch (error) {
      if (!isLate && asking.signal.aborted) return undefined;
      throw error;
    } finally {
      stop();
      reading.isWaiting = false;
      this.#endTurn();
    }
  }

  #takeTurn(feed: Feed): boolean {
    if (feed.isFull || this.#requests >= REQUESTS_MAX) return false;
    this.#requests += 1;
    return true;
  }

  #endTurn(): void {
    this.#requests -= 1;
    this.#changed();
  }

  #interruptWaits(): void {
    for (const { isWaiting, asking } of this.#readings.values()) if (isWaiting) asking?.abort();
  }

  // ---- the stream

  #joinSoon(): void {
    if (this.#isJoining) return;
    this.#isJoining = true;
    this.#context.after(JOIN_MS, () => {
      this.#isJoining = false;
      if (!this.#isOver) this.#join();
    });
  }

  /** One stream for all that have read everything. */
  #join(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    const feeds = [...this.#readings.values()].filter(({ isCaughtUp }) => isCaughtUp).map(({ feed }) => feed);
    if (feeds.length === 0) return;
    const after = lowest(feeds.map(({ resumeAt }) => resumeAt));
    // Some have been told of a new history, others not yet: they will be.
    if (after === undefined) this.#context.after(EPOCHS_DIFFER_MS, () => this.#leaveStream());
    else void this.#follow(feeds, after);
  }

  /** All of the stream's subscriptions read pages again from where they stand, and are told there what each of them missed. */
  #leaveStream(): void {
    if (this.#isOver) return;
    this.#stream?.abort();
    this.#stream = undefined;
    for (const reading of this.#readings.values()) {
      if (!reading.isCaughtUp) continue;
      reading.isCaughtUp = false;
      void this.#read(reading);
    }
  }

  async #follow(feeds: readonly Feed[], after: string): Promise<void> {
    const stream = new AbortController();
    this.#stream = stream;
    const isCurrent = (): boolean => !this.#isOver && this.#stream === stream;
    let hasSpoken = false;
    // Whoever sits in between and collects the body before passing it on is found out here.
    const stop = this.#context.after(TIMING.openMs, () => {
      if (!hasSpoken && isCurrent()) this.#end(undefined, true);
    });
    try {
      const response = await this.#ask(feeds, after, stream.signal);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (!isCurrent()) return;
        if (done) throw new RequestError('UNREACHABLE', 'the stream ended', { retryable: true });
        hasSpoken = true;
        this.#context.events.heard();
        for (const { event, id, data, retryMs } of parser.push(decoder.decode(value, { stream: true }))) {
          if (event === 'gap') {
            this.#leaveStream();
            return;
          }
          this.#block(feeds, event, id, data);
          if (id === undefined && retryMs !== undefined) this.#context.events.drain(retryMs);
          if (!isCurrent()) return;
        }
        await this.#until(() => !isCurrent() || !feeds.some((feed) => this.#readings.has(feed) && feed.isFull));
      }
    } catch (error) {
      // Pages come through, and streams do not.
      if (isCurrent()) this.#end(error, !hasSpoken && error instanceof RequestError && error.code === 'UNREACHABLE');
    } finally {
      stop();
      stream.abort();
    }
  }

  #block(feeds: readonly Feed[], event: string | undefined, id: string | undefined, data: string | undefined): void {
    const message = event === undefined && data !== undefined ? JSON.parse(data) : undefined;
    for (const feed of feeds) {
      if (!this.#readings.has(feed)) continue;
      if (message !== undefined && feed.matches(message.mailbox)) feed.message(message, data?.length ?? 0);
      if (id !== undefined) feed.position(id);
      if (event === 'live') feed.live();
    }
  }

  #ask(feeds: readonly Feed[], after: string, signal: AbortSignal): Promise<Response> {
    const { http, url } = this.#context;
    const mailboxes = [...new Set(feeds.map(({ pattern }) => pattern))];
    const query = new URLSearchParams({ after });
    for (const mailbox of mailboxes) query.append('mailbox', mailbox);
    const address = `${url}/v1/stream?${query}`;
    if (address.length <= URL_CHARS_MAX) return request(http, address, { signal });
    const body = JSON.stringify({ mailbox: mailboxes, after });
    return request(http, `${url}/v1/stream`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
  }

  // ---- waiting for room, turns and ends

  #changed(): void {
    for (const call of this.#whenChanged.splice(0)) call();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#whenChanged.push(resolve));
  }
}

function queryOf({ resumeAt, start, catchUp, room }: Feed): Record<string, string | number | undefined> {
  if (resumeAt === undefined && start.last !== undefined) return { last: start.last };
  const first = start.after ?? (catchUp === 'latest' ? 'earliest' : 'now');
  return { after: resumeAt ?? first, catchUp, limit: room };
}
