import { connect, type Socket } from 'node:net';

/**
 * One keep-alive HTTP connection on a raw socket. Requests may be sent before the last was answered: answers come in their order. Any but
 * 2xx is a fault.
 * Understands only answers with a Content-Length, which is what every contestant sends.
 */

export interface HttpEvents {
  /** @param body only valid during the call */
  answer(body: Buffer): void;
  fault(reason: string): void;
}

export function postRequest(port: number, path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export class HttpConnection {
  readonly #socket: Socket;
  readonly #events: HttpEvents;
  #closing = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(port: number, events: HttpEvents) {
    this.#events = events;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk) => this.#chunk(chunk));
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', () => this.#lost('the server closed the connection'));
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #lost(reason: string): void {
    if (!this.#closing) this.#events.fault(`a publisher was lost: ${reason}`);
  }

  #chunk(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length > 0 && this.#answer(this.#rest));
  }

  /** @returns whether there was a whole answer, which is then taken from the rest */
  #answer(bytes: Buffer): boolean {
    const headEnd = bytes.indexOf('\r\n\r\n');
    if (headEnd === -1) return false;
    const head = bytes.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) return this.#refused(`an answer without a length: ${head.slice(0, 200)}`);
    const end = headEnd + 4 + Number(length);
    if (bytes.length < end) return false;
    const body = bytes.subarray(headEnd + 4, end);
    if (!head.startsWith('HTTP/1.1 2')) return this.#refused(`${head.slice(0, 40)}: ${body.toString()}`);
    this.#rest = bytes.subarray(end);
    this.#events.answer(body);
    return true;
  }

  #refused(reason: string): false {
    this.#events.fault(reason);
    return false;
  }
}
