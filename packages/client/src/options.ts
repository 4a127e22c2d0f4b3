import type { GapReason } from '@restante/protocol';

/** What an application passes in, and what it gets. */

/** One message. Exactly one of `data`, `text`, `base64` and `purged` is there. */
export interface Message<T = unknown> {
  readonly mailbox: string;
  /** Its place in its log. */
  readonly cursor: string;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
  /** The publisher's id; absent where it gave none. */
  readonly id?: string;
  /** The `Restante-*` headers of the publisher, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it says more than the name of the body does. */
  readonly contentType?: string;
  /** A JSON body, as it was published. */
  readonly data: T;
  /** A body of type `text/*`. */
  readonly text?: string;
  /** Any other body. */
  readonly base64?: string;
  /** The mailbox was purged here: forget what came before. */
  readonly purged?: true;
}

/** `every`: all messages. `latest`: the newest of each mailbox, then all that come. */
export type CatchUp = 'every' | 'latest';

/** The ways to be told of messages, the best first. */
export type TransportName = 'websocket' | 'sse' | 'long-poll';

/** How the connection is. */
export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'open'; readonly transport: TransportName }
  /** Not connected; the next attempt is at `retryAt`, in milliseconds since 1970. */
  | { readonly state: 'waiting'; readonly retryAt: number }
  /** For good: by `close()`, without a code; or because the server said that coming back would not help. */
  | { readonly state: 'closed'; readonly code: number | string | undefined };

/** Messages are missing before the next one. */
export interface Gap {
  /** `retention`: they were older than the log keeps. `history`: the log lost or changed its past. */
  readonly reason: GapReason;
  /** Where reading goes on, where that was said. */
  readonly cursor: string | undefined;
}

/** As much of a `WebSocket` as is used. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
  send(data: string): void;
  close(code?: number): void;
}

/** A `WebSocket` class. */
export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

/** How a client connects. */
export interface ConnectOptions {
  /** A token, or where to get one. A function is called again shortly before a token that says when it expires (`exp` of a JWT) does so. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Which ways to use, the preferred first. Default: all, WebSocket first. */
  readonly transports?: readonly TransportName[] | undefined;
  /**
   * Where there is no global `WebSocket`, as in Node before 22: one with the same interface, such as that of the package `ws`.
   * Without, server-sent events are used there.
   */
  readonly webSocket?: WebSocketConstructor | undefined;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** What a subscription begins with, and how its messages are taken. */
export interface SubscribeOptions<T = unknown> {
  /** What is read of the past. Default `every`, beginning with what comes from now on. */
  readonly catchUp?: CatchUp | undefined;
  /** Where to begin: a saved `cursor`, `earliest` or `now`. Default: `earliest` with `catchUp: 'latest'`, else `now`. */
  readonly after?: string | undefined;
  /** Begins with the newest so many, at most 1,000. Goes neither with `after` nor with `catchUp: 'latest'`. */
  readonly last?: number | undefined;
  /** Called with each message, in order, as it comes. Without, iterate over the subscription. */
  readonly onMessage?: ((message: Message<T>) => void) | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
  /** Messages that wait to be taken by the iterator; at the limit reading pauses, and the server waits. Default 1,000. */
  readonly bufferMessagesMax?: number | undefined;
  /** The same, in characters of JSON, roughly. Default 1,048,576. */
  readonly bufferCharsMax?: number | undefined;
}
