import { connect, type Socket } from 'node:net';
import { MARKER, payloadNumber, TEXT_BYTES } from './payload.js';
import { clientFrame, frameHead, OPCODE, upgradeRequest } from './websocket.js';
import type { Reply, Wire } from './wires.js';

/**
 * One WebSocket connection of the load. Checks that messages come complete, once and in order by their numbers, and copies nothing
 * unless a frame is cut in two, so that the load keeps up with the server.
 */

export interface ReaderEvents {
  ready(): void;
  /** @param at where the marker begins in `bytes`, which are only valid during the call */
  message(bytes: Buffer, at: number): void;
  /** A frame that holds messages, as it came; only valid during the call. */
  frame?(frame: Buffer): void;
  /** A frame that holds no message and no ping. */
  other(): void;
  fault(reason: string): void;
}

/** One for all readers: a chunk is used up before the next is read. */
const CHUNK = Buffer.allocUnsafe(256 * 1024);
const MARKER_BYTES = Buffer.from(MARKER);
const EMPTY = Buffer.alloc(0);

export class Reader {
  /** The number that the next message must have. */
  expected = 0;
  readonly #socket: Socket;
  readonly #wire: Wire;
  readonly #events: ReaderEvents;
  #upgraded = false;
  #closing = false;
  /** The beginning of a frame or of the answer to the upgrade; at most one frame. */
  #rest: Buffer = EMPTY;

  constructor(port: number, wire: Wire, events: ReaderEvents) {
    this.#wire = wire;
    this.#events = events;
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
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(`127.0.0.1:${port}`, wire.path)));
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', () => this.#lost('the server closed the connection'));
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #lost(reason: string): void {
    if (!this.#closing) this.#events.fault(`a reader was lost: ${reason}`);
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
    this.#reply(this.#wire.opened());
  }

  /** @returns where the first incomplete frame begins */
  #frames(bytes: Buffer, from: number): number {
    let at = from;
    for (;;) {
      const head = frameHead(bytes, at);
      if (head === undefined || head.end > bytes.length) return at;
      if (this.#payload(head.opcode, bytes.subarray(head.payloadStart, head.end))) this.#events.frame?.(bytes.subarray(at, head.end));
      at = head.end;
    }
  }

  /** @returns whether it held messages */
  #payload(opcode: number, payload: Buffer): boolean {
    let at = opcode === OPCODE.text ? payload.indexOf(MARKER_BYTES) : -1;
    if (at === -1) {
      this.#control(opcode, payload);
      return false;
    }
    for (; at !== -1; at = payload.indexOf(MARKER_BYTES, at + TEXT_BYTES)) this.#message(payload, at);
    return true;
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) {
      this.#socket.write(clientFrame(OPCODE.pong, payload.toString()));
    } else if (opcode === OPCODE.text) {
      this.#events.other();
      this.#reply(this.#wire.text(payload.toString()));
    } else {
      this.#events.fault(`an unexpected frame with opcode ${opcode}: ${payload.toString()}`);
    }
  }

  #message(payload: Buffer, at: number): void {
    const number = payloadNumber(payload, at);
    if (number !== this.expected) return this.#events.fault(`a reader expected message ${this.expected} and got ${number}`);
    this.expected++;
    this.#events.message(payload, at);
  }

  #reply({ send, ready, fault }: Reply): void {
    if (fault !== undefined) return this.#events.fault(`the server refused: ${fault}`);
    if (send !== undefined) this.#socket.write(clientFrame(OPCODE.text, send));
    if (ready === true) this.#events.ready();
  }
}
