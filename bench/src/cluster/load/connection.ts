import { connect, type Socket } from 'node:net';
import { MARKER, TEXT_BYTES } from '../../load/payload.js';
import { clientFrame, frameHead, OPCODE, upgradeRequest } from '../../load/websocket.js';

/**
 * One WebSocket connection with one or many subscriptions, on a raw socket. Finds messages by their marker and parses no JSON, so that the
 * load keeps up; whether what comes is what must come, its owner says.
 */

export interface Subscription {
  readonly mailbox: string;
  readonly after: string | undefined;
}

export interface ConnectionEvents {
  live(): void;
  behind(): void;
  /** A frame with messages, before each of them; only valid during the call. */
  frame?(payload: Buffer): void;
  /** @param at where the marker begins in `payload`, which is only valid during the call */
  message(payload: Buffer, at: number): void;
  closed(reason: string): void;
  fault(reason: string): void;
}

/** One for all: a chunk is used up before the next is read. */
const CHUNK = Buffer.allocUnsafe(256 * 1024);
const MARKER_BYTES = Buffer.from(MARKER);
const EMPTY = Buffer.alloc(0);

export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #subscriptions: readonly Subscription[];
  #upgraded = false;
  #closing = false;
  /** The beginning of a frame or of the answer to the upgrade; at most one frame. */
  #rest: Buffer = EMPTY;

  constructor(port: number, subscriptions: readonly Subscription[], events: ConnectionEvents) {
    this.#events = events;
    this.#subscriptions = subscriptions;
    let reason = 'the server closed the connection';
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: CHUNK,
        callback: (bytes) => {
          this.#chunk(CHUNK.subarray(0, bytes));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(`127.0.0.1:${port}`, '/v1/socket')));
    this.#socket.on('error', (error) => {
      reason = error.message;
    });
    this.#socket.on('close', () => {
      if (!this.#closing) this.#events.closed(reason);
    });
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #chunk(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (!this.#upgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end !== -1) {
        this.#upgrade(bytes.toString('latin1', 0, end));
        at = end + 4;
      }
    }
    if (this.#upgraded) at = this.#frames(bytes, at);
    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
  }

  #upgrade(head: string): void {
    if (!head.startsWith('HTTP/1.1 101')) return this.#events.fault(`no WebSocket: ${head.slice(0, 200)}`);
    this.#upgraded = true;
    const frames = this.#subscriptions.map(({ mailbox, after }, ref) => {
      const start = after === undefined ? {} : { after };
      return clientFrame(OPCODE.text, JSON.stringify({ type: 'subscribe', ref: `${ref}`, mailbox, ...start }));
    });
    this.#socket.write(Buffer.concat(frames));
  }

  /** @returns where the first incomplete frame begins */
  #frames(bytes: Buffer, from: number): number {
    let at = from;
    for (;;) {
      const head = frameHead(bytes, at);
      if (head === undefined || head.end > bytes.length) return at;
      this.#payload(head.opcode, bytes.subarray(head.payloadStart, head.end));
      at = head.end;
    }
  }

  #payload(opcode: number, payload: Buffer): void {
    let at = opcode === OPCODE.text ? payload.indexOf(MARKER_BYTES) : -1;
    if (at === -1) return this.#control(opcode, payload);
    for (; at !== -1; at = payload.indexOf(MARKER_BYTES, at + TEXT_BYTES)) this.#events.message(payload, at);
    this.#events.frame?.(payload);
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) return void this.#socket.write(clientFrame(OPCODE.pong, payload.toString()));
    // It is closed in a moment.
    if (opcode === OPCODE.close) return;
    const text = payload.toString();
    if (text.startsWith('{"type":"live"')) this.#events.live();
    else if (text.startsWith('{"type":"behind"')) this.#events.behind();
    else if (/^\{"type":"(error|gap)"/.test(text)) this.#events.fault(`the server said ${text}`);
  }
}
