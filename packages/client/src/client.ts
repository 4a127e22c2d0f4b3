import type { GapReason } from '@restante/protocol';
import { Connection } from './connection/connection.js';
import type { Machine } from './connection/machine.js';
import { Emitter } from './emitter.js';
import { RequestError } from './errors.js';
import { type HttpContext, pageUrl, readPage } from './http.js';
import type { Acknowledgement, Feed, Link, LinkContext } from './links/link.js';
import { HttpLink } from './links/http-link.js';
import { SocketLink } from './links/socket-link.js';
import type {
  CatchUp,
  ConnectionState,
  ConnectOptions,
  Message,
  SubscribeOptions,
  TransportName,
  WebSocketConstructor,
} from './options.js';
import { type PublishOptions, Publishing } from './publishing.js';
import { Subscription } from './subscription.js';
import { Tokens } from './tokens.js';
import { View } from './view.js';
import type { World } from './world.js';

/** One client: one connection, whatever goes through it, and what outlives it. */

/** What a client tells of itself. */
export interface ClientEvents {
  /** The connection's state has changed. */
  state: ConnectionState;
}

/** Which page to read. */
export interface ReadOptions {
  /** Behind this cursor; or `earliest`, which is the default. */
  readonly after?: string | undefined;
  /** The page that ends at this cursor. */
  readonly before?: string | undefined;
  /** The newest so many. */
  readonly last?: number | undefined;
  /** At most so many messages. Default 100, at most 1,000. */
  readonly limit?: number | undefined;
  /** `latest`: only the newest of each mailbox. */
  readonly catchUp?: CatchUp | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** Messages in ascending order, and where to go on. */
export interface ReadPage<T = unknown> {
  readonly messages: readonly Message<T>[];
  /** The cursor to go on with. */
  readonly next: string;
  /** False: messages between `after` and the first of these are gone. */
  readonly complete: boolean;
  /** Why they are. */
  readonly reason?: GapReason;
}

type OpenLink = (context: LinkContext) => Link;

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll'];

/** How to open each transport; undefined where this machine has no WebSocket. */
function openers(options: ConnectOptions, http: HttpContext): Record<TransportName, OpenLink | undefined> {
  const WebSocket = options.webSocket ?? (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket;
  return {
    websocket: WebSocket && ((context) => new SocketLink(context, WebSocket)),
    sse: (context) => new HttpLink({ ...context, http, streams: true }),
    'long-poll': (context) => new HttpLink({ ...context, http, streams: false }),
  };
}

/** A connection to a server, and everything that goes through it. Made by `connect`. */
export class Client extends Emitter<ClientEvents> {
  readonly #connection: Connection;
  readonly #publishing: Publishing;
  readonly #tokens: Tokens;
  readonly #http: HttpContext;
  readonly #endpoints: readonly string[];
  readonly #transports: readonly TransportName[];
  readonly #feeds = new Set<Feed>();
  readonly #stopWatching: () => void;
  #link: Link | undefined;
  #state: ConnectionState = { state: 'connecting' };

  /** @internal */
  constructor(urls: readonly string[], options: ConnectOptions, world: World) {
    super();
    if (urls.length === 0) throw new TypeError('connect needs the address of a server');
    this.#endpoints = urls.map((url) => new URL(url).href.replace(/\/$/, ''));
    this.#tokens = new Tokens({ ...world, source: options.token, onRenewal: () => this.#link?.renew() });
    const token = (): Promise<string | undefined> => this.#tokens.get();
    this.#http = { fetch: options.fetch ?? fetch.bind(globalThis), token };
    const links = openers(options, this.#http);
    this.#transports = (options.transports ?? TRANSPORTS).filter((name) => links[name] !== undefined);
    if (this.#transports.length === 0)
      throw new TypeError('connect has no transport to use: give it a webSocket, or allow sse or long-poll');
    this.#connection = new Connection({
      ...world,
      endpoints: this.#endpoints,
      transports: this.#transports.map((name) => links[name] as OpenLink),
      token,
      onChange: (machine) => this.#onChange(machine),
      onLink: (link) => this.#onLink(link),
    });
    this.#publishing = new Publishing({ ...this.#http, ...world, url: () => this.#url, link: () => this.#link });
    this.#stopWatching = world.watch((type) => this.#connection.handle({ type }));
    this.#connection.handle({ type: 'due' });
  }

  /** How the connection is. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Follows a mailbox or a pattern, across all connections, until it is closed: each message once, and in order. */
  subscribe<T = unknown>(pattern: string, options: SubscribeOptions<T> = {}): Subscription<T> {
    const owner = {
      onRoom: (feed: Feed) => this.#link?.onRoom(feed),
      onEnd: (feed: Feed) => {
        this.#feeds.delete(feed);
        this.#link?.detach(feed);
      },
    };
    return new Subscription<T>(pattern, options, owner, (feed) => {
      this.#feeds.add(feed);
      this.#link?.attach(feed);
    });
  }

  /** The newest message of every mailbox that the pattern takes: a snapshot first, then live. */
  view<T = unknown>(pattern: string, options: { readonly signal?: AbortSignal | undefined } = {}): View<T> {
    return new View<T>((wanted) => this.subscribe<T>(pattern, wanted), options.signal);
  }

  /**
   * Publishes JSON, or with a `contentType` text or bytes. Repeats it under its id until the server says that it is stored, once.
   * @returns where it is stored.
   * @throws RequestError where the server refuses it, or the client is closed before it is known to be stored
   */
  publish(mailbox: string, data: unknown, options: PublishOptions = {}): Promise<Acknowledgement> {
    return this.#publishing.publish(mailbox, data, options);
  }

  /** One page of a mailbox or pattern. @throws RequestError */
  async read<T = unknown>(pattern: string, options: ReadOptions = {}): Promise<ReadPage<T>> {
    const { signal, ...query } = options;
    const { page } = await readPage(this.#http, pageUrl(this.#url, pattern, query), signal);
    return page as ReadPage<T>;
  }

  /** Ends everything: subscriptions and views end, publishes that are under way are given up. */
  async close(): Promise<void> {
    this.#connection.handle({ type: 'close' });
  }

  get #url(): string {
    return this.#endpoints[this.#connection.machine.endpoint] as string;
  }

  #onLink(link: Link | undefined): void {
    this.#link = link;
    for (const feed of [...this.#feeds]) {
      feed.behind();
      link?.attach(feed);
    }
  }

  #onChange(machine: Machine): void {
    const state = this.#describe(machine);
    if (isSame(state, this.#state)) return;
    this.#state = state;
    if (state.state === 'closed') this.#end(state.code);
    this.emit('state', state);
  }

  #end(code: number | string | undefined): void {
    this.#stopWatching();
    this.#tokens.close();
    this.#publishing.close();
    const error = code === undefined ? undefined : new RequestError(`${code}`, 'the server closed the connection for good');
    for (const feed of [...this.#feeds]) feed.end(error);
  }

  #describe({ phase, transport, dueAt, code }: Machine): ConnectionState {
    switch (phase) {
      case 'waiting':
        return { state: 'waiting', retryAt: Math.round(dueAt) };
      case 'closed':
        return { state: 'closed', code };
      case 'connecting':
        return { state: 'connecting' };
      default:
        return { state: 'open', transport: this.#transports[transport] as TransportName };
    }
  }
}

function isSame(a: ConnectionState, b: ConnectionState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
