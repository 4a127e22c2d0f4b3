import type { Subscription } from '@nats-io/transport-node';
import type { Bus } from '../bus.js';
import type { NatsConnection } from './connect.js';
import type { NatsEvent } from './options.js';

/**
 * The bus on core NATS. The client keeps what it cannot send without limit, so this drops and counts instead (I5, I7): while the
 * connection is down, and while the server has not yet said that it took what was published before.
 */

/** Payload bytes published since the last flush that the server answered. Beyond, a payload is dropped and counted. */
const UNANSWERED_BYTES_MAX = 32 * 1024 * 1024;
/** A flush, which costs a round trip, is asked for when so much was published since the last; at most one is under way. */
const FLUSH_BYTES = 1024 * 1024;
/** How often it is told that payloads were dropped. */
const TELL_MS = 1_000;

export interface NatsBusOptions {
  readonly unansweredBytesMax?: number;
  readonly onEvent?: (event: NatsEvent) => void;
}

interface Receiver {
  readonly subject: string;
  readonly receive: (payload: Uint8Array) => void;
  /** Undefined where the server did not allow it: asked for again when the connection was made anew. */
  subscription: Subscription | undefined;
}

export class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #unansweredBytesMax: number;
  readonly #onEvent: (event: NatsEvent) => void;
  readonly #receivers = new Set<Receiver>();
  readonly #endReconnect: () => void;
  #unansweredBytes = 0;
  /** Of those, what was published after the flush that is under way. */
  #sinceFlushBytes = 0;
  #flushing = false;
  #untold = 0;
  #telling: NodeJS.Timeout | undefined;
  /** How many payloads were dropped. */
  dropped = 0;

  constructor(connection: NatsConnection, options: NatsBusOptions = {}) {
    this.#connection = connection;
    this.#unansweredBytesMax = options.unansweredBytesMax ?? UNANSWERED_BYTES_MAX;
    this.#onEvent = options.onEvent ?? (() => undefined);
    this.#endReconnect = connection.onReconnect(() => {
      for (const receiver of this.#receivers) receiver.subscription ??= this.#subscribe(receiver);
    });
  }

  publish(subject: string, payload: Uint8Array): void {
    const { nc, isConnected } = this.#connection;
    const isTooLarge = payload.byteLength > (nc.info?.max_payload ?? 0);
    if (!isConnected || isTooLarge || this.#unansweredBytes + payload.byteLength > this.#unansweredBytesMax) {
      this.#drop();
      return;
    }
    this.#unansweredBytes += payload.byteLength;
    this.#sinceFlushBytes += payload.byteLength;
    nc.publish(subject, payload);
    if (this.#sinceFlushBytes >= Math.min(FLUSH_BYTES, this.#unansweredBytesMax / 2)) this.#flush();
  }

  subscribe(subject: string, receive: (payload: Uint8Array) => void): () => void {
    const receiver: Receiver = { subject, receive, subscription: undefined };
    this.#receivers.add(receiver);
    receiver.subscription = this.#subscribe(receiver);
    return () => {
      this.#receivers.delete(receiver);
      receiver.subscription?.unsubscribe();
    };
  }

  /** Ends what it uses of the connection, which is its owner's to close. */
  close(): void {
    this.#endReconnect();
    clearTimeout(this.#telling);
    for (const { subscription } of this.#receivers) subscription?.unsubscribe();
    this.#receivers.clear();
  }

  #subscribe(receiver: Receiver): Subscription {
    return this.#connection.nc.subscribe(receiver.subject, {
      callback: (error, message) => {
        if (error !== null) {
          receiver.subscription = undefined;
        } else if (this.#receivers.has(receiver)) {
          handOver(receiver.receive, message.data);
        }
      },
    });
  }

  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#sinceFlushBytes = 0;
    const answered = (): void => {
      this.#flushing = false;
      this.#unansweredBytes = this.#sinceFlushBytes;
    };
    // Where the connection was lost, so was everything published before.
    void this.#connection.nc.flush().then(answered, answered);
  }

  #drop(): void {
    this.dropped += 1;
    this.#untold += 1;
    if (this.#telling !== undefined) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      const payloads = this.#untold;
      this.#untold = 0;
      this.#onEvent({ type: 'bus-dropped', payloads });
    }, TELL_MS);
    this.#telling.unref();
  }
}

/** A receiver that throws within the client's reader would end the reading for ever, and without a word. */
function handOver(receive: (payload: Uint8Array) => void, payload: Uint8Array): void {
  try {
    receive(payload);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
