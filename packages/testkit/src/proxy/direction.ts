import type { Socket } from 'node:net';

/** One direction of one connection through the proxy: what was read waits here until it is due. Bounded: beyond the limit nothing is read. */

export interface Faults {
  /** Every byte comes so much later. */
  delayMs: number;
  /** 0: as fast as it can. */
  bytesPerSecond: number;
  /** Nothing goes through, and soon nothing is read any more: the sender's socket fills up. */
  stalled: boolean;
  /** Bytes are read and thrown away: the sender notices nothing. */
  swallowing: boolean;
}

/** What waits in one direction before reading stops. */
const WAITING_BYTES_MAX = 64 * 1024;
const END = Symbol('end');

export class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #faults: Faults;
  readonly #waiting: { readonly bytes: Buffer | typeof END; readonly at: number }[] = [];
  #waitingBytes = 0;
  swallowedBytes = 0;
  /** When the bytes that were passed on so far have gone through the throttle. */
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, faults: Faults) {
    this.#from = from;
    this.#to = to;
    this.#faults = faults;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take(END));
    to.on('drain', () => this.pump());
  }

  #take(bytes: Buffer | typeof END): void {
    if (bytes !== END && this.#faults.swallowing) {
      this.swallowedBytes += bytes.length;
      return;
    }
    this.#waiting.push({ bytes, at: performance.now() });
    if (bytes !== END) this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= WAITING_BYTES_MAX) this.#from.pause();
    this.pump();
  }

  /** Passes on what is due, and comes back for the rest. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let next = this.#waiting[0]; next !== undefined && !this.#faults.stalled && !this.#to.writableNeedDrain; next = this.#waiting[0]) {
      const now = performance.now();
      const dueAt = Math.max(next.at + this.#faults.delayMs, this.#freeAt);
      if (dueAt > now) {
        this.#timer = setTimeout(() => this.pump(), dueAt - now);
        return;
      }
      this.#waiting.shift();
      if (next.bytes === END) {
        this.#to.end();
        continue;
      }
      this.#waitingBytes -= next.bytes.length;
      if (this.#faults.bytesPerSecond > 0) this.#freeAt = now + (next.bytes.length * 1_000) / this.#faults.bytesPerSecond;
      this.#to.write(next.bytes);
      if (this.#waitingBytes < WAITING_BYTES_MAX && this.#from.isPaused()) this.#from.resume();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }
}
