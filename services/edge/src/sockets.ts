import type { Socket } from 'node:net';
import type { Metrics } from '@restante/runtime';

/**
 * The sockets that an edge pushes to: when one is over high water, and what was the most that was ever queued for one
 * (which must stay below high water plus one push).
 */

/** For what is queued when a connection ends. */
const END_MS_MAX = 2_000;

type Transport = 'websocket' | 'sse';

export class Sockets {
  readonly #highWaterBytes: number;
  readonly #open: Record<Transport, number> = { websocket: 0, sse: 0 };
  #queuedBytesMax = 0;

  constructor(highWaterBytes: number, metrics: Metrics) {
    this.#highWaterBytes = highWaterBytes;
    metrics.gauge('restante_edge_connections', 'Open connections that are pushed to.', ['transport'], (gauge) => {
      for (const [transport, count] of Object.entries(this.#open)) gauge.set({ transport }, count);
    });
    metrics.gauge('restante_edge_socket_queued_bytes_max', 'The most that was ever queued for one socket.', [], (gauge) => {
      gauge.set(this.#queuedBytesMax);
    });
  }

  /** Counts the socket until it closes. */
  add(transport: Transport, socket: Socket): void {
    this.#open[transport] += 1;
    socket.once('close', () => {
      this.#open[transport] -= 1;
    });
  }

  /** @returns whether that is over high water. */
  noteQueued(bytes: number): boolean {
    if (bytes > this.#queuedBytesMax) this.#queuedBytesMax = bytes;
    return bytes >= this.#highWaterBytes;
  }
}

/**
 * The half of an outlet that is its socket's. Written to once per delivery, so what a write costs beyond Node's own is one field,
 * and outlets extend this instead of holding it: each object on the way is a cache miss at every connection.
 */
export abstract class SocketOutlet {
  /** Over high water: nothing more is pushed until the socket drained. */
  isFull = false;
  readonly #socket: Socket;
  readonly #sockets: Sockets;

  constructor(transport: Transport, socket: Socket, sockets: Sockets) {
    this.#socket = socket;
    this.#sockets = sockets;
    sockets.add(transport, socket);
    socket.on('drain', () => {
      this.isFull = false;
      this.onDrain();
    });
  }

  /** A socket that was full has room again. */
  protected abstract onDrain(): void;

  write(bytes: Uint8Array): void {
    // Node says true while its own, lower mark is not reached; `drain` follows whenever it said false.
    if (!this.#socket.write(bytes)) this.isFull = this.#sockets.noteQueued(this.#socket.writableLength);
  }

  /** Two buffers, one packet: what is one's own, and what is shared. */
  protected writeBoth(first: Uint8Array, second: Uint8Array): void {
    this.#socket.cork();
    this.write(first);
    this.write(second);
    this.#socket.uncork();
  }

  /** The last that is written. A peer that does not take it, or keeps its own side open, does not keep the socket. */
  protected end(text: string): void {
    this.#socket.end(text);
    this.#socket.destroySoon();
    const stalled = setTimeout(() => this.#socket.destroy(), END_MS_MAX).unref();
    this.#socket.once('close', () => clearTimeout(stalled));
  }
}
