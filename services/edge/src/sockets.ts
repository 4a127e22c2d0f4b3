import type { Socket } from 'node:net';
import type { Metrics } from '@restante/runtime';

/**
 * The sockets that an edge pushes to: when one is over high water, and what was the most that was ever queued for one
 * (which must stay below high water plus one push).
 */

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

  /** @param onDrain called when a socket that was full has room again */
  add(transport: Transport, socket: Socket, onDrain: () => void): PushedSocket {
    this.#open[transport] += 1;
    socket.once('close', () => {
      this.#open[transport] -= 1;
    });
    return new PushedSocket(socket, this, onDrain);
  }

  /** @returns whether that is over high water. */
  noteQueued(bytes: number): boolean {
    if (bytes > this.#queuedBytesMax) this.#queuedBytesMax = bytes;
    return bytes >= this.#highWaterBytes;
  }
}

/** Written to once per delivery: what a write costs beyond Node's own is a field. */
export class PushedSocket {
  /** Over high water: what is written all the same is queued. */
  isFull = false;
  readonly #socket: Socket;
  readonly #sockets: Sockets;

  constructor(socket: Socket, sockets: Sockets, onDrain: () => void) {
    this.#socket = socket;
    this.#sockets = sockets;
    socket.on('drain', () => {
      this.isFull = false;
      onDrain();
    });
  }

  write(bytes: Uint8Array): void {
    // Node says true while its own, lower mark is not reached; `drain` follows whenever it said false.
    if (!this.#socket.write(bytes)) this.isFull = this.#sockets.noteQueued(this.#socket.writableLength);
  }

  /** Two buffers, one packet: what is one's own, and what is shared. */
  writeBoth(first: Uint8Array, second: Uint8Array): void {
    this.#socket.cork();
    this.write(first);
    this.write(second);
    this.#socket.uncork();
  }

  end(text: string): void {
    this.#socket.end(text);
  }
}
