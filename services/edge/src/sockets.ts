import type { Socket } from 'node:net';
import type { Metrics } from '@restante/runtime';

/**
 * The sockets of one edge, as the kernel and Node see them: when one is over high water, and what was the most that was ever queued
 * for one (which must stay below high water plus one push).
 */
export class Sockets {
  readonly #highWaterBytes: number;
  #queuedBytesMax = 0;
  readonly #open = { websocket: 0, sse: 0 };

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
  add(transport: 'websocket' | 'sse', socket: Socket): void {
    this.#open[transport] += 1;
    socket.once('close', () => {
      this.#open[transport] -= 1;
    });
  }

  isFull(socket: Socket): boolean {
    return socket.writableLength >= this.#highWaterBytes;
  }

  write(socket: Socket, bytes: Uint8Array): void {
    if (!socket.writable) return;
    socket.write(bytes);
    const queued = socket.writableLength;
    if (queued > this.#queuedBytesMax) this.#queuedBytesMax = queued;
  }

  /** Two buffers, one packet: what is one's own, and what is shared. */
  writeBoth(socket: Socket, first: Uint8Array, second: Uint8Array): void {
    socket.cork();
    this.write(socket, first);
    this.write(socket, second);
    socket.uncork();
  }
}
