import { type Cursor, RestanteError } from '@restante/protocol';
import type { Waiting } from './context.js';
import { PageBody } from './page-body.js';
import { formatStart, type PageAfter } from './page-request.js';
import { emptyPage, type PageRead } from './pages.js';

/**
 * A wait that looked at the log longer ago takes nobody in: its empty answer leads back to that look, which for who has only just
 * come may lie before what the log still keeps. Half of the longest wait, and long beside a crowd's arrival.
 */
const JOINABLE_MS = 30_000;

/**
 * Long polls. Requests that ask for the same are one wait, one read and one encoded body, however many they are; each has its own
 * deadline and leaves alone. A wait ends when nobody is left. How many may wait is bounded (I7): beyond, `OVERLOADED`.
 */
export class SharedWaits {
  readonly #waiting: Waiting;
  readonly #read: (request: PageAfter) => Promise<PageRead>;
  readonly #waitsMax: number;
  readonly #joinable = new Map<string, SharedWait>();
  /** Also those that nobody can join any more. */
  readonly #running = new Set<SharedWait>();
  #count = 0;
  #wereEnded = false;

  constructor(waiting: Waiting, read: (request: PageAfter) => Promise<PageRead>, waitsMax: number) {
    this.#waiting = waiting;
    this.#read = read;
    this.#waitsMax = waitsMax;
  }

  /**
   * Waits until there is something for this request, or for its `waitMs`: then the body is an empty page to go on from.
   * Joins a wait that looked a short while ago without a look at the log: nothing that matches has come since.
   * @param permission what the caller may read, as text: only equals share. @throws RestanteError `OVERLOADED`
   */
  join(request: PageAfter, permission: string): WaitHandle {
    if (this.#count >= this.#waitsMax) throw new RestanteError('OVERLOADED', 'too many requests wait here already');
    const key = `${permission} ${request.pattern.text} ${request.mode} ${request.limit} ${formatStart(request.after)}`;
    let shared = this.#joinable.get(key);
    if (shared === undefined || !shared.isJoinable) {
      const created = new SharedWait(() => this.#joinable.get(key) === created && this.#joinable.delete(key));
      this.#joinable.set(key, created);
      this.#running.add(created);
      void created.run(request, this.#read, this.#waiting).finally(() => this.#running.delete(created));
      shared = created;
    }
    this.#count += 1;
    return shared.join(request.waitMs, () => {
      this.#count -= 1;
    });
  }

  /** Requests that wait now. */
  get count(): number {
    return this.#count;
  }

  /** Waits that they share: as many as are under way, whether or not another request could join them. */
  get shared(): number {
    return this.#running.size;
  }

  /** The server leaves. Who asks even now waits as ever, to the very end: answered at once, a client would only ask again. */
  get wereEnded(): boolean {
    return this.#wereEnded;
  }

  /** Answers everybody at once, each with a place to go on from; for a server that leaves. */
  end(): void {
    this.#wereEnded = true;
    for (const shared of this.#running) shared.end();
  }
}

export interface WaitHandle {
  /** Undefined after `leave`. */
  readonly body: Promise<PageBody | undefined>;
  /** The client went away. Does nothing once there is a body. */
  readonly leave: () => void;
}

interface Member {
  readonly settle: (body: PageBody | undefined) => void;
  readonly fail: (error: unknown) => void;
  readonly startTimer: () => void;
}

class SharedWait {
  readonly #members = new Set<Member>();
  readonly #abort = new AbortController();
  readonly #forget: () => void;
  /** Everything up to here was looked at and holds nothing; undefined until the first look is over. */
  #seen: Cursor | undefined;
  #seenAtMs = 0;
  #nothing: PageBody | undefined;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  /** Is what it would answer now still news to who comes now? */
  get isJoinable(): boolean {
    return this.#seen === undefined || performance.now() - this.#seenAtMs < JOINABLE_MS;
  }

  join(waitMs: number, left: () => void): WaitHandle {
    let leave = (): void => {};
    const body = new Promise<PageBody | undefined>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const close = (): void => {
        clearTimeout(timer);
        this.#remove(member);
        left();
      };
      const member: Member = {
        settle: (result) => {
          close();
          resolve(result);
        },
        fail: (error) => {
          close();
          reject(error);
        },
        startTimer: () => {
          timer = setTimeout(() => member.settle(this.#emptyBody()), waitMs);
        },
      };
      this.#members.add(member);
      if (this.#seen !== undefined) member.startTimer();
      leave = () => {
        if (this.#members.has(member)) member.settle(undefined);
      };
    });
    return { body, leave };
  }

  async run(request: PageAfter, read: (request: PageAfter) => Promise<PageRead>, waiting: Waiting): Promise<void> {
    const { signal } = this.#abort;
    try {
      let page = await read(request);
      while (page.entries.length === 0 && page.complete && !signal.aborted) {
        this.#looked(page.next);
        await waiting.arrived(request.logs, request.pattern, page.next, signal);
        if (signal.aborted) return;
        page = await read({ ...request, after: page.next });
      }
      this.#forget();
      // The next request for `now` means another now: what this one got must not be kept for it.
      const body = new PageBody({ ...page, closed: page.closed && request.after !== 'now' });
      for (const member of this.#members) member.settle(body);
    } catch (error) {
      this.#forget();
      for (const member of this.#members) member.fail(error);
    }
  }

  end(): void {
    for (const member of this.#members) {
      if (this.#seen === undefined) member.fail(new RestanteError('DRAINING', 'this server is leaving'));
      else member.settle(this.#emptyBody());
    }
  }

  #looked(upTo: Cursor): void {
    const isFirst = this.#seen === undefined;
    this.#seen = upTo;
    this.#seenAtMs = performance.now();
    this.#nothing = undefined;
    if (isFirst) for (const member of this.#members) member.startTimer();
  }

  #emptyBody(): PageBody {
    this.#nothing ??= new PageBody(emptyPage(this.#seen ?? new Map()));
    return this.#nothing;
  }

  #remove(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#forget();
    this.#abort.abort();
  }
}
