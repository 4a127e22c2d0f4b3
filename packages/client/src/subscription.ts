import type { GapReason, Message as WireMessage } from '@restante/protocol';
import { attempt, Emitter, throwLater } from './emitter.js';
import type { Feed } from './links/link.js';
import type { CatchUp, Gap, Message, SubscribeOptions } from './options.js';
import { matcherOf } from './pattern.js';
import { Positions } from './positions.js';

/**
 * One subscription, across all connections: each message once and in order (I2, I3), because it drops what is at or before where it stands.
 * Two places are kept: what was received decides where reading resumes, what was taken by the application is its `cursor`.
 * What waits in between is bounded (I7); at the bound its link stops reading for it.
 */

/** What a subscription tells besides its messages. */
export interface SubscriptionEvents {
  /** Everything from before has been taken; what follows comes as it happens. */
  live: void;
  /** Not live any more: the connection is gone or too slow, and it catches up again. */
  behind: void;
  /** Messages are missing, before anything newer. */
  gap: Gap;
  /** The server refuses it; it is over. Thrown by the iterator. Without either, it is an uncaught error. */
  error: Error;
}

type Item =
  | { readonly kind: 'message'; readonly message: WireMessage; readonly chars: number }
  | { readonly kind: 'position'; cursor: string }
  | { readonly kind: 'live' | 'behind' }
  | { readonly kind: 'gap'; readonly gap: Gap };

/** What a subscription needs of its client. */
export interface SubscriptionOwner {
  /** There is room again. */
  onRoom(feed: Feed): void;
  /** It is over. */
  onEnd(feed: Feed): void;
}

const BUFFER_MESSAGES_MAX = 1_000;
const BUFFER_CHARS_MAX = 1_048_576;
const PAGE_MESSAGES_MAX = 1_000;

/** Follows a pattern. Iterate over it, or give `onMessage`. */
export class Subscription<T = unknown> extends Emitter<SubscriptionEvents> implements AsyncIterable<Message<T>> {
  readonly pattern: string;
  readonly #feed: SubscriptionFeed<T>;

  /** @internal */
  constructor(pattern: string, options: SubscribeOptions<T>, owner: SubscriptionOwner, register: (feed: Feed) => void) {
    super();
    this.pattern = pattern;
    const tell = <Name extends keyof SubscriptionEvents>(name: Name, event: SubscriptionEvents[Name]): boolean => {
      this.emit(name, event);
      return this.hasListener(name);
    };
    this.#feed = new SubscriptionFeed(pattern, options, owner, tell);
    if (!this.#feed.isOver) register(this.#feed);
  }

  /**
   * Behind the last message that was taken. Save it, and pass it as `after`, here or on any other client: nothing is missed.
   * Undefined until it is known where reading begins.
   */
  get cursor(): string | undefined {
    return this.#feed.cursor;
  }

  /** Has everything from before been taken? */
  get isLive(): boolean {
    return this.#feed.isLive;
  }

  /** Ends it. The iterator ends too, without what waits in it. */
  close(): void {
    this.#feed.end(undefined);
  }

  /** One iterator is enough: several share the messages between them. Leaving the loop ends the subscription. */
  [Symbol.asyncIterator](): AsyncIterator<Message<T>, undefined> {
    return {
      next: () => this.#feed.next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

interface Waiter<T> {
  resolve(result: IteratorResult<Message<T>, undefined>): void;
  reject(error: Error): void;
}

type Tell = <Name extends keyof SubscriptionEvents>(name: Name, event: SubscriptionEvents[Name]) => boolean;

/** The subscription as its links see it. */
class SubscriptionFeed<T> implements Feed {
  readonly pattern: string;
  readonly catchUp: CatchUp;
  readonly start: Feed['start'];
  readonly matches: (mailbox: string) => boolean;
  readonly #owner: SubscriptionOwner;
  readonly #tell: Tell;
  readonly #onMessage: ((message: Message<T>) => void) | undefined;
  readonly #messagesMax: number;
  readonly #charsMax: number;
  readonly #received: Positions;
  readonly #taken: Positions;
  readonly #items: Item[] = [];
  #messages = 0;
  #chars = 0;
  isFull = false;
  readonly #waiters: Waiter<T>[] = [];
  /** An iterator was given a message, and has not come back. */
  #isHolding = false;
  /** As it was told last, whether or not the application has got there. */
  #isTold = false;
  isLive = false;
  #isOver = false;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.end(undefined);
  #error: Error | undefined;

  constructor(pattern: string, options: SubscribeOptions<T>, owner: SubscriptionOwner, tell: Tell) {
    const { after, last, catchUp = 'every', onMessage, signal, bufferMessagesMax, bufferCharsMax } = options;
    this.pattern = pattern;
    this.catchUp = catchUp;
    this.matches = matcherOf(pattern);
    this.start = { ...(after !== undefined && { after }), ...(last !== undefined && { last }) };
    this.#owner = owner;
    this.#tell = tell;
    this.#onMessage = onMessage;
    this.#messagesMax = bufferMessagesMax ?? BUFFER_MESSAGES_MAX;
    this.#charsMax = bufferCharsMax ?? BUFFER_CHARS_MAX;
    const from = after === undefined || after === 'now' || after === 'earliest' ? undefined : after;
    this.#received = new Positions(from);
    this.#taken = new Positions(from);
    if (signal?.aborted) this.#isOver = true;
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#signal = signal;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get cursor(): string | undefined {
    return this.#taken.cursor;
  }

  // ---- what a link asks and tells

  get resumeAt(): string | undefined {
    return this.#received.cursor;
  }

  get room(): number {
    return Math.min(PAGE_MESSAGES_MAX, Math.max(1, this.#messagesMax - this.#messages));
  }

  began(cursor: string, complete: boolean, reason: GapReason | undefined): void {
    if (!complete) this.gap(cursor, reason ?? 'history');
    else this.#advance(cursor, false);
  }

  message(message: WireMessage, chars: number): void {
    if (this.#isOver || this.#received.holds(message.cursor)) return;
    this.#received.advance(message.cursor);
    this.#messages += 1;
    this.#chars += chars;
    this.isFull = this.#messages >= this.#messagesMax || this.#chars >= this.#charsMax;
    this.#push({ kind: 'message', message, chars });
  }

  position(cursor: string): void {
    this.#advance(cursor, true);
  }

  live(): void {
    this.#status(true);
  }

  behind(): void {
    this.#status(false);
  }

  gap(cursor: string | undefined, reason: GapReason): void {
    if (this.#isOver) return;
    this.#received.replace(cursor);
    this.#push({ kind: 'gap', gap: { reason, cursor } });
  }

  refused(error: Error): void {
    this.end(error);
  }

  /** @param error why, where it was not wanted */
  end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.isLive = false;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#owner.onEnd(this);
    const isIterated = this.#waiters.length > 0;
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
    if (error === undefined) {
      this.#items.length = 0;
      return;
    }
    const isHeard = this.#tell('error', error);
    if (isIterated || isHeard) return;
    // An iterator that is elsewhere at the moment finds it when it has taken what waits.
    if (this.#onMessage === undefined) this.#error = error;
    else throwLater(error);
  }

  // ---- what the application takes

  next(): Promise<IteratorResult<Message<T>, undefined>> {
    const message = this.#take();
    this.#isHolding = message !== undefined;
    if (message !== undefined) return Promise.resolve({ done: false, value: message as Message<T> });
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) return Promise.reject(error);
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #advance(cursor: string, onlyKnown: boolean): void {
    if (this.#isOver) return;
    this.#received.advance(cursor, onlyKnown);
    const place = this.#received.cursor;
    if (place === undefined) return;
    const last = this.#items.at(-1);
    if (last?.kind === 'position') last.cursor = place;
    else this.#push({ kind: 'position', cursor: place });
  }

  #status(isLive: boolean): void {
    if (this.#isOver || this.#isTold === isLive) return;
    this.#isTold = isLive;
    this.#push({ kind: isLive ? 'live' : 'behind' });
  }

  #push(item: Item): void {
    this.#items.push(item);
    // Whoever holds a message has not seen to it yet: what stands behind it comes when the next one is asked for.
    if (this.#isHolding || (item.kind !== 'message' && this.#items.length > 1)) return;
    if (item.kind === 'message' && this.#onMessage === undefined && this.#waiters.length === 0) return;
    const message = this.#take() as Message<T> | undefined;
    if (message === undefined) return;
    const waiter = this.#waiters.shift();
    this.#isHolding = waiter !== undefined && this.#waiters.length === 0;
    if (waiter !== undefined) waiter.resolve({ done: false, value: message });
    else attempt(() => this.#onMessage?.(message));
  }

  /** The next message; what stands before it is done on the way. */
  #take(): WireMessage | undefined {
    let message: WireMessage | undefined;
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
      if (item.kind !== 'message') {
        this.#do(item);
        continue;
      }
      message = item.message;
      this.#messages -= 1;
      this.#chars -= item.chars;
      this.#taken.advance(message.cursor);
      break;
    }
    this.#throttle();
    return message;
  }

  #do(item: Exclude<Item, { kind: 'message' }>): void {
    switch (item.kind) {
      case 'position':
        this.#taken.advance(item.cursor);
        break;
      case 'gap':
        // Whoever saves its cursor upon this is told again.
        this.#tell('gap', item.gap);
        this.#taken.replace(item.gap.cursor);
        break;
      default:
        this.isLive = item.kind === 'live';
        this.#tell(item.kind, undefined);
    }
  }

  /** Half empty is room enough: reading goes on before the application has to wait. */
  #throttle(): void {
    if (!this.isFull || this.#messages > this.#messagesMax / 2 || this.#chars > this.#charsMax / 2) return;
    this.isFull = false;
    this.#owner.onRoom(this);
  }
}
