import type { Gap, Message, SubscribeOptions } from './options.js';
import { Emitter } from './emitter.js';
import type { Subscription } from './subscription.js';

/** The newest message of every mailbox, kept up to date. */

/** A view at one moment; another object whenever anything has changed, as `useSyncExternalStore` wants it. */
export interface ViewSnapshot<T = unknown> {
  readonly map: ReadonlyMap<string, Message<T>>;
  /** The map shows how things are now. */
  readonly live: boolean;
  /** The last gap that was told of; the map was read anew after it. */
  readonly gap: Gap | undefined;
}

/** What a view tells. */
export interface ViewEvents<T> {
  /** Anything has changed: at most once for all that comes at a time. */
  change: void;
  /** Every message that the view received, purges too, in order; after a gap those that it has come again. */
  message: Message<T>;
  /** It shows how things are now. */
  live: void;
  /** Not any more: the connection is gone or too slow. */
  behind: void;
  /** Messages are missing; everything is read anew. */
  gap: Gap;
  /** The server refuses it; the view stays as it is. */
  error: Error;
}

export type OpenSubscription<T> = (options: SubscribeOptions<T>) => Subscription<T>;

/** The newest message by mailbox: a snapshot first, then live; a mailbox that is purged goes. */
export class View<T = unknown> extends Emitter<ViewEvents<T>> implements ReadonlyMap<string, Message<T>> {
  readonly #map = new Map<string, Message<T>>();
  readonly #open: () => Subscription<T>;
  #subscription: Subscription<T>;
  /** After a gap everything is read again: what does not come is no more. */
  #unconfirmed: Set<string> | undefined;
  #gap: Gap | undefined;
  #snapshot: ViewSnapshot<T> | undefined;
  #isTelling = false;

  /** @internal */
  constructor(open: OpenSubscription<T>, signal: AbortSignal | undefined) {
    super();
    this.#open = () => this.#listen(open({ catchUp: 'latest', signal, onMessage: (message) => this.#onMessage(message) }));
    this.#subscription = this.#open();
  }

  /** How many mailboxes it shows. */
  get size(): number {
    return this.#map.size;
  }

  /** Does it show how things are now? */
  get isLive(): boolean {
    return this.#subscription.isLive;
  }

  /** Behind the last message that it received. */
  get cursor(): string | undefined {
    return this.#subscription.cursor;
  }

  /** The newest message of this mailbox. */
  get(mailbox: string): Message<T> | undefined {
    return this.#map.get(mailbox);
  }

  /** Has this mailbox a message? */
  has(mailbox: string): boolean {
    return this.#map.has(mailbox);
  }

  /** The mailboxes, in the order of their first messages. */
  keys(): MapIterator<string> {
    return this.#map.keys();
  }

  /** Their newest messages. */
  values(): MapIterator<Message<T>> {
    return this.#map.values();
  }

  /** Both. */
  entries(): MapIterator<[string, Message<T>]> {
    return this.#map.entries();
  }

  /** As `entries`. */
  [Symbol.iterator](): MapIterator<[string, Message<T>]> {
    return this.#map.entries();
  }

  /** Calls with each message and its mailbox. */
  forEach(call: (message: Message<T>, mailbox: string, map: ReadonlyMap<string, Message<T>>) => void): void {
    for (const [mailbox, message] of this.#map) call(message, mailbox, this);
  }

  /** `on('change', …)`, in the shape that `useSyncExternalStore` takes. */
  readonly subscribe = (listener: () => void): (() => void) => this.on('change', listener);

  /** The view as it is; the same object until something changes. */
  readonly getSnapshot = (): ViewSnapshot<T> => (this.#snapshot ??= { map: new Map(this.#map), live: this.isLive, gap: this.#gap });

  /** Follows no longer; what it holds stays. */
  close(): void {
    this.#subscription.close();
  }

  #listen(subscription: Subscription<T>): Subscription<T> {
    subscription.on('live', () => {
      for (const mailbox of this.#unconfirmed ?? []) this.#map.delete(mailbox);
      this.#unconfirmed = undefined;
      this.#change();
      this.emit('live', undefined);
    });
    subscription.on('behind', () => {
      this.#change();
      this.emit('behind', undefined);
    });
    subscription.on('gap', (gap) => this.#onGap(gap));
    subscription.on('error', (error) => {
      this.#change();
      this.emit('error', error);
    });
    return subscription;
  }

  /** A gap does not say whose newest messages are missing or gone, so all are read anew. */
  #onGap(gap: Gap): void {
    this.#gap = gap;
    this.#unconfirmed = new Set(this.#map.keys());
    this.#subscription.close();
    this.#subscription = this.#open();
    this.#change();
    this.emit('gap', gap);
  }

  #onMessage(message: Message<T>): void {
    this.#unconfirmed?.delete(message.mailbox);
    if (message.purged) this.#map.delete(message.mailbox);
    else this.#map.set(message.mailbox, message);
    this.#change();
    this.emit('message', message);
  }

  #change(): void {
    this.#snapshot = undefined;
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.emit('change', undefined);
    });
  }
}
