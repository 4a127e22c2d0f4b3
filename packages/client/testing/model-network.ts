import type { WebSocketConstructor, WebSocketLike } from '../src/options.js';
import type { ModelConnection, ModelServer, Outbox } from './model-server.js';

/**
 * A network that does only what the test tells it to: what is sent waits, in order within one connection, until it is delivered;
 * connections break with some of it under way, and the client hears of that later, or never.
 */

interface Wire {
  /** Delivers what has waited longest, either way; false where nothing waits. */
  deliver(): boolean;
  /** Breaks it. The client hears of it like of everything else: when it is delivered. */
  cut(): void;
  /** Nothing comes through any more, and nobody says so. */
  isHole: boolean;
}

export class ModelNetwork {
  readonly server: ModelServer;
  readonly #wires = new Set<Wire>();
  /** New connections are refused. */
  isDown = false;
  /** WebSockets cannot be opened; the bodies of streams are kept back. */
  blocksSockets = false;
  blocksStreams = false;

  constructor(server: ModelServer) {
    this.server = server;
  }

  get wires(): number {
    return this.#wires.size;
  }

  deliver(pick: number): boolean {
    const wires = [...this.#wires];
    for (let i = 0; i < wires.length; i++) if (wires[(pick + i) % wires.length]?.deliver()) return true;
    return false;
  }

  cut(): void {
    for (const wire of this.#wires) wire.cut();
  }

  hole(): void {
    for (const wire of this.#wires) wire.isHole = true;
  }

  add(wire: Wire): void {
    this.#wires.add(wire);
  }

  remove(wire: Wire): void {
    this.#wires.delete(wire);
  }

  get webSocket(): WebSocketConstructor {
    const opened = (): ModelNetwork => this;
    return class extends ModelSocket {
      constructor() {
        super(opened());
      }
    };
  }

  readonly fetch = ((url: string, init: Init) =>
    new Promise<Response>((resolve, reject) =>
      this.#wires.add(new ModelRequest(this, new URL(url), init, resolve, reject)),
    )) as typeof fetch;
}

class ModelSocket implements WebSocketLike, Wire, Outbox {
  readonly #network: ModelNetwork;
  readonly #listeners: Record<string, (event: never) => void> = {};
  readonly #toClient: (string | number)[] = [];
  readonly #toServer: string[] = [];
  #connection: ModelConnection | undefined;
  #isClosed = false;
  isHole = false;

  constructor(network: ModelNetwork) {
    this.#network = network;
    network.add(this);
    if (network.isDown || network.blocksSockets) this.end(1_006);
    else this.#connection = network.server.connect(this, 'socket');
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners[type] = listener;
  }

  send(data: string): void {
    if (!this.#isClosed) this.#toServer.push(data);
  }

  /** Closing takes its time: what was under way still comes, and the close event after it. */
  close(): void {
    this.#leave();
    this.#toClient.push(1_005);
  }

  get size(): number {
    return this.#toClient.length;
  }

  say(what: string): void {
    if (!this.#isClosed) this.#toClient.push(what);
  }

  end(code: number): void {
    if (this.#isClosed) return;
    this.#leave();
    this.#toClient.push(code);
  }

  cut(): void {
    // Of what was under way some is lost.
    this.#toClient.length = Math.ceil(this.#toClient.length / 2);
    this.end(1_006);
  }

  deliver(): boolean {
    if (this.isHole) return false;
    const asked = this.#toServer.shift();
    if (asked !== undefined) {
      this.#connection?.hear(JSON.parse(asked));
      return true;
    }
    const said = this.#toClient.shift();
    if (said === undefined) {
      this.#connection?.work();
      return false;
    }
    if (typeof said === 'number') {
      this.#network.remove(this);
      this.#listeners['close']?.({ code: said } as never);
    } else this.#listeners['message']?.({ data: said } as never);
    return true;
  }

  #leave(): void {
    this.#isClosed = true;
    this.#toServer.length = 0;
    if (this.#connection !== undefined) this.#network.server.connections.delete(this.#connection);
    this.#connection = undefined;
  }
}

interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

class ModelRequest implements Wire, Outbox {
  readonly #network: ModelNetwork;
  readonly #url: URL;
  readonly #init: Init;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: string[] = [];
  #connection: ModelConnection | undefined;
  #answer: (() => void) | undefined;
  #isAsked = false;
  #isEnded = false;
  #reading: { resolve(result: { done: boolean; value?: Uint8Array }): void; reject(error: Error): void } | undefined;
  isHole = false;

  constructor(network: ModelNetwork, url: URL, init: Init, resolve: (response: Response) => void, reject: (error: Error) => void) {
    this.#network = network;
    this.#url = url;
    this.#init = init;
    this.#resolve = resolve;
    this.#reject = reject;
    init.signal?.addEventListener('abort', () => this.#fail(new Error('aborted')));
    if (init.signal?.aborted) this.#answer = () => this.#fail(new Error('aborted'));
  }

  get size(): number {
    return this.#chunks.length;
  }

  say(what: string): void {
    this.#chunks.push(what);
  }

  end(): void {
    this.#isEnded = true;
  }

  cut(): void {
    this.#chunks.length = Math.floor(this.#chunks.length / 2);
    this.#isEnded = true;
    this.#answer = () => this.#fail(new TypeError('the connection was reset'));
  }

  deliver(): boolean {
    if (this.isHole) return false;
    if (!this.#isAsked) {
      this.#isAsked = true;
      if (this.#network.isDown) this.#answer = () => this.#fail(new TypeError('refused'));
      else if (this.#answer === undefined) this.#ask();
      return true;
    }
    if (this.#answer !== undefined) {
      this.#answer();
      this.#answer = undefined;
      return true;
    }
    if (this.#connection === undefined) return this.#poll();
    return this.#stream();
  }

  /** What the server does when the request has reached it; the answer goes back on its own. */
  #ask(): void {
    const { server } = this.#network;
    const { pathname, searchParams } = this.#url;
    if (this.#init.method === 'POST') {
      const stored = server.publish(
        pathname.slice('/v1/mailboxes'.length),
        JSON.parse(this.#init.body ?? ''),
        this.#init.headers?.['idempotency-key'],
      );
      this.#answer = () => this.#respond(stored);
    } else if (pathname === '/healthz') {
      this.#answer = () => this.#respond({ status: 'ok' });
    } else if (pathname === '/v1/stream') {
      this.#connection = server.connect(this, 'stream');
      this.#connection.follow('', searchParams.getAll('mailbox'), 'every', searchParams.get('after') ?? 'now');
      const read = (): Promise<unknown> => new Promise((resolve, reject) => (this.#reading = { resolve, reject }));
      this.#answer = () => this.#resolve({ ok: true, body: { getReader: () => ({ read }) } } as never);
    } else this.#poll();
  }

  /** A page, once there is something to say. */
  #poll(): boolean {
    const { searchParams } = this.#url;
    const page = this.#network.server.page(decodeURI(this.#url.pathname).slice('/v1/mailboxes'.length), searchParams);
    if (searchParams.has('wait') && page.messages.length === 0 && page.complete) return false;
    this.#answer = () => this.#respond(page);
    return true;
  }

  #stream(): boolean {
    if (this.#reading === undefined || (this.#network.blocksStreams && !this.#isEnded)) return false;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && !this.#isEnded) {
      this.#connection?.work();
      return false;
    }
    const reading = this.#reading;
    this.#reading = undefined;
    if (chunk === undefined) {
      this.#leave();
      reading.resolve({ done: true });
    } else reading.resolve({ done: false, value: new TextEncoder().encode(chunk) });
    return true;
  }

  #respond(body: unknown): void {
    this.#leave();
    this.#resolve(new Response(JSON.stringify(body)));
  }

  #fail(error: Error): void {
    this.#leave();
    this.#reject(error);
    this.#reading?.reject(error);
  }

  #leave(): void {
    this.#network.remove(this);
    if (this.#connection !== undefined) this.#network.server.connections.delete(this.#connection);
  }
}
