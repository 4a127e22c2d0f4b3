import type { Socket } from 'node:net';
import type { Connection, Outlet, PageBatch, Reader } from '@restante/delivery';
import type { Cursor, GapReason } from '@restante/protocol';
import type { Deliverer } from '../deliverer.js';
import { REFUSED_MS, retryAfterMs } from '../leaving.js';
import { SocketOutlet, type Sockets } from '../sockets.js';
import { COMMENT, gapEvent, idBlock, leavingBlock, liveEvent, RETRY, type StreamFormat } from './stream-format.js';

/** One SSE stream: one connection with one reader, over as many patterns as it asked for (R7 of docs/delivery.md). */
export class EventStream extends SocketOutlet implements Outlet {
  readonly format: StreamFormat;
  readonly connection: Connection;
  readonly #deliverer: Deliverer;
  #isLive = false;
  #closed = false;

  constructor(socket: Socket, format: StreamFormat, deliverer: Deliverer, sockets: Sockets) {
    super('sse', socket, sockets);
    this.format = format;
    this.#deliverer = deliverer;
    this.connection = deliverer.edge.connect(this);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  protected onDrain(): void {
    if (!this.#closed) this.#deliverer.edge.drained(this.connection);
  }

  subscribed(_reader: Reader, cursor: Cursor, gap: GapReason | undefined): void {
    // Beyond a gap only the event that tells of it names the place: who is cut off before it must be told again (I3).
    this.#writeText(RETRY + (gap === undefined ? idBlock(cursor) : gapEvent(cursor, gap)));
  }

  page(_reader: Reader, cursor: Cursor, page: PageBatch): void {
    const [shared, own] = this.format.page(page, cursor);
    if (own.length === 0) this.write(shared);
    else this.writeBoth(shared, own);
  }

  live(_reader: Reader, cursor: Cursor): void {
    this.#isLive = true;
    this.#writeText(liveEvent(cursor));
  }

  gap(_reader: Reader, cursor: Cursor, reason: GapReason): void {
    this.#writeText(gapEvent(cursor, reason));
  }

  /** Every event says where it stands, so a client need not know. */
  behind(): void {
    this.#isLive = false;
  }

  refused(): void {
    this.drain(retryAfterMs(REFUSED_MS));
  }

  /** Live streams get their position from delivery; the others a comment, so that nobody in between takes them for dead. */
  keepAlive(): void {
    if (!this.#isLive && !this.isFull) this.write(COMMENT);
  }

  drain(retryMs: number): void {
    if (this.#closed) return;
    this.end(leavingBlock(retryMs));
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deliverer.edge.disconnect(this.connection);
  }

  #writeText(text: string): void {
    this.write(Buffer.from(text));
  }
}
