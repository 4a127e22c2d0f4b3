import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A server that answers what a test says, one answer after another, and remembers what it was asked. */

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, asked: Asked) => void;

export class LittleServer {
  readonly asked: Asked[] = [];
  readonly #answers: Answer[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Answers the next request, and, as the last one given, all that follow. */
  will(...answers: readonly Answer[]): void {
    this.#answers.push(...answers);
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://little');
    const asked = {
      method: request.method ?? '',
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body: await text(request),
    };
    this.asked.push(asked);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === undefined) response.writeHead(500).end();
    else answer(response, asked);
  }
}

export function json(status: number, body: unknown): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
}

export function problem(status: number, code: string, retryable = false): Answer {
  return json(status, { type: 'x', title: code, status, detail: `${code} happened`, code, retryable, retryAfterMs: 1 });
}

/** Hangs up without an answer. */
export const hangUp: Answer = (response) => response.socket?.destroy();

/** Streams these blocks; then stays open, or ends. */
export function stream(blocks: readonly string[], { ends }: { readonly ends: boolean }): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(blocks.map((block) => `${block}\n\n`).join(''));
    if (ends) response.end();
  };
}
