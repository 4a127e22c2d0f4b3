import type { Bus } from '../bus.js';

/**
 * The bus within one process. It hands over asynchronously, as a network would, and drops when its queue is full (I5, I7),
 * so that whoever uses it is built to mend from the log. It looks into no payload.
 */

interface Parcel {
  readonly subject: string;
  readonly payload: Uint8Array;
}

export interface MemoryBusOptions {
  /** Payload bytes that wait to be handed over. At the limit a payload is dropped and counted. */
  readonly queueBytesMax?: number;
}

export class MemoryBus implements Bus {
  readonly #queueBytesMax: number;
  readonly #receivers = new Map<string, Set<(payload: Uint8Array) => void>>();
  #queue: Parcel[] = [];
  #queueBytes = 0;
  #scheduled = false;
  #closed = false;
  /** How many payloads were dropped because the queue was full. */
  dropped = 0;

  constructor(options: MemoryBusOptions = {}) {
    this.#queueBytesMax = options.queueBytesMax ?? 64 * 1024 * 1024;
  }

  publish(subject: string, payload: Uint8Array): void {
    if (this.#closed || !this.#receivers.has(subject)) return;
    if (this.#queueBytes + payload.byteLength > this.#queueBytesMax) {
      this.dropped += 1;
      return;
    }
    this.#queue.push({ subject, payload });
    this.#queueBytes += payload.byteLength;
    this.#schedule();
  }

  subscribe(subject: string, receive: (payload: Uint8Array) => void): () => void {
    // A closure of its own, so that one function may subscribe twice.
    const receiver = (payload: Uint8Array): void => receive(payload);
    const receivers = this.#receivers.get(subject) ?? new Set();
    this.#receivers.set(subject, receivers.add(receiver));
    return () => {
      receivers.delete(receiver);
      if (receivers.size === 0 && this.#receivers.get(subject) === receivers) this.#receivers.delete(subject);
    };
  }

  close(): void {
    this.#closed = true;
    this.#receivers.clear();
    this.#queue = [];
    this.#queueBytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  /** Hands over what was queued when it began; what the receivers publish meanwhile waits for the next turn of the event loop. */
  #drain(): void {
    this.#scheduled = false;
    const parcels = this.#queue;
    this.#queue = [];
    let done = 0;
    try {
      for (const { subject, payload } of parcels) {
        done += 1;
        this.#queueBytes = Math.max(0, this.#queueBytes - payload.byteLength);
        for (const receive of [...(this.#receivers.get(subject) ?? [])]) {
          // One receiver may have ended another's subscription, or the bus, a moment ago.
          if (this.#receivers.get(subject)?.has(receive) === true) receive(payload);
        }
      }
    } finally {
      // A receiver that throws takes down only its own parcel.
      if (done < parcels.length && !this.#closed) this.#queue = [...parcels.slice(done), ...this.#queue];
      if (this.#queue.length > 0) this.#schedule();
    }
  }
}
