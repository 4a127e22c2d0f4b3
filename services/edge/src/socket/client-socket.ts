import type { Socket } from 'node:net';
import type { After, Connection, Outlet, PageBatch, Reader } from '@restante/delivery';
import { ANONYMOUS } from '@restante/auth';
import { type Context, itemEntry } from '@restante/http';
import { CLOSE, type Cursor, ERRORS, formatCursor, formatPosition, type GapReason, LIMITS, RestanteError } from '@restante/protocol';
import type { ClientFrame, PublishFrame, ServerFrame, SubscribeFrame } from '@restante/protocol/schemas';
import type { Deliverer } from '../deliverer.js';
import { REFUSED_MS, retryAfterMs } from '../leaving.js';
import { SocketOutlet, type Sockets } from '../sockets.js';
import { admit, subscribe } from '../subscriptions.js';
import { readClientFrame } from './client-frame.js';
import { frameOf, pageFrame, SOCKET_FORMAT } from './socket-format.js';

/**
 * One WebSocket of a client, once it is open: its requests in, its readers' messages out. Writes whole frames to the raw socket,
 * shared ones as they are; `ws` does the handshake, reads frames and closes.
 */

/** What is needed of `ws`: it owns the socket's reading side. */
export interface FrameSource {
  close(code: number, reason: string): void;
  pause(): void;
  resume(): void;
}

export interface ClientSocketDeps {
  readonly context: Context;
  readonly deliverer: Deliverer;
  readonly sockets: Sockets;
  readonly onFault: (error: unknown) => RestanteError;
}

/** A subscription that is being looked up, or its reader. */
type Subscription = symbol | Reader;

export class ClientSocket extends SocketOutlet implements Outlet {
  readonly format = SOCKET_FORMAT;
  readonly #source: FrameSource;
  readonly #deps: ClientSocketDeps;
  readonly #connection: Connection;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #refs = new Map<Reader, string>();
  #publishes = 0;
  #closed = false;

  constructor(socket: Socket, source: FrameSource, deps: ClientSocketDeps) {
    super('websocket', socket, deps.sockets);
    this.#source = source;
    this.#deps = deps;
    this.#connection = deps.deliverer.edge.connect(this);
  }

  // ---- what the client sends

  onText(text: string): void {
    if (this.#closed) return;
    const received = readClientFrame(text);
    if (received.ok) {
      this.#handle(received.frame, received.dataSource);
    } else {
      this.#sendError(received.error, received.ref);
      if (received.fatal) this.leave(CLOSE.notJson, 'not a JSON object');
    }
    this.#readWhileThereIsRoom();
  }

  #handle(frame: ClientFrame, dataSource: string | undefined): void {
    try {
      if (frame.type === 'subscribe') this.#subscribe(frame);
      else if (frame.type === 'unsubscribe') this.#unsubscribe(frame.ref);
      else void this.#publish(frame, dataSource);
    } catch (error) {
      this.#sendError(error, frame.ref);
    }
  }

  #subscribe({ ref, mailbox, after, last, catchUp }: SubscribeFrame): void {
    if (this.#subscriptions.has(ref)) throw new RestanteError('REF_IN_USE', 'this connection has a subscription with this ref');
    const max = LIMITS.subscriptionsMax;
    if (this.#subscriptions.size >= max) throw new RestanteError('SUBSCRIPTIONS_TOO_MANY', `a connection has at most ${max} subscriptions`);
    const { context, deliverer } = this.#deps;
    const admitted = admit(context, ANONYMOUS, { mailboxes: [mailbox], after, last, catchUp });
    // Its own mark: the ref may be given up and taken again while this one is looked up.
    const starting = Symbol(ref);
    this.#subscriptions.set(ref, starting);
    const isUnwanted = (): boolean => this.#closed || this.#subscriptions.get(ref) !== starting;
    // The reader has its name before it is told the first thing.
    const begin = (from: After): Reader =>
      deliverer.edge.subscribe(this.#connection, { ...admitted, after: from }, (reader) => this.#name(ref, reader));
    subscribe(context, admitted, isUnwanted, begin).catch((error: unknown) => {
      if (isUnwanted()) return;
      this.#subscriptions.delete(ref);
      this.#sendError(error, ref);
    });
  }

  #name(ref: string, reader: Reader): void {
    this.#subscriptions.set(ref, reader);
    this.#refs.set(reader, ref);
  }

  #unsubscribe(ref: string): void {
    const subscription = this.#subscriptions.get(ref);
    if (subscription === undefined) throw new RestanteError('REF_UNKNOWN', 'this connection has no subscription with this ref');
    this.#subscriptions.delete(ref);
    if (typeof subscription === 'symbol') return;
    this.#refs.delete(subscription);
    this.#deps.deliverer.edge.unsubscribe(subscription);
  }

  async #publish({ ref, mailbox, data, id }: PublishFrame, dataSource: string | undefined): Promise<void> {
    const { admission, appends, limits } = this.#deps.context;
    this.#publishes += 1;
    try {
      const entry = itemEntry(id === undefined ? { mailbox, data } : { mailbox, data, id }, dataSource, limits);
      const log = admission.logToPublish(entry.mailbox, ANONYMOUS);
      const [outcome] = await appends.append(log, [entry]);
      if (outcome === undefined) throw new Error('the log gave no outcome');
      if (!outcome.ok) throw outcome.error;
      this.#send({ type: 'published', ref, cursor: formatPosition(log, outcome.position), duplicate: outcome.duplicate });
    } catch (error) {
      this.#sendError(error, ref);
    } finally {
      this.#publishes -= 1;
      this.#readWhileThereIsRoom();
    }
  }

  /** A client that sends faster than it reads, or than the log stores, is not read from until there is room again. */
  #readWhileThereIsRoom(): void {
    if (this.#closed) return;
    if (this.isFull || this.#publishes >= LIMITS.socketPublishesMax) this.#source.pause();
    else this.#source.resume();
  }

  protected onDrain(): void {
    if (this.#closed) return;
    this.#deps.deliverer.edge.drained(this.#connection);
    this.#readWhileThereIsRoom();
  }

  // ---- what delivery says (Outlet)

  subscribed(reader: Reader, cursor: Cursor, gap: GapReason | undefined): void {
    const subscribed = { type: 'subscribed', ref: this.#refOf(reader), cursor: formatCursor(cursor) } as const;
    this.#send(gap === undefined ? { ...subscribed, complete: true } : { ...subscribed, complete: false, reason: gap });
  }

  page(reader: Reader, cursor: Cursor, page: PageBatch): void {
    const [own, shared] = pageFrame(this.#refOf(reader), cursor, page);
    this.writeBoth(own, shared);
  }

  live(reader: Reader, cursor: Cursor): void {
    this.#send({ type: 'live', ref: this.#refOf(reader), cursor: formatCursor(cursor) });
  }

  gap(reader: Reader, cursor: Cursor, reason: GapReason): void {
    this.#send({ type: 'gap', ref: this.#refOf(reader), cursor: formatCursor(cursor), reason });
  }

  behind(): void {
    this.#send({ type: 'behind' });
  }

  refused(reader: Reader): void {
    const ref = this.#refOf(reader);
    this.#refs.delete(reader);
    this.#subscriptions.delete(ref);
    const error = new RestanteError('INTEREST_REFUSED', 'no router has room for this subscription', {
      retryAfterMs: retryAfterMs(REFUSED_MS),
    });
    this.#sendError(error, ref);
  }

  // ---- its end

  drain(retryMs: number): void {
    this.#send({ type: 'drain', retryAfterMs: retryMs });
    this.leave(CLOSE.draining, 'draining');
  }

  /** Nothing follows a close frame (RFC 6455, 5.5.1): its readers end first. */
  leave(code: number, reason: string): void {
    this.onClose();
    this.#source.close(code, reason);
  }

  hello(frame: ServerFrame & { readonly type: 'hello' }): void {
    this.#send(frame);
  }

  onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#subscriptions.clear();
    this.#refs.clear();
    this.#deps.deliverer.edge.disconnect(this.#connection);
  }

  #refOf(reader: Reader): string {
    return this.#refs.get(reader) ?? '';
  }

  #send(frame: ServerFrame): void {
    if (!this.#closed) this.write(frameOf(frame));
  }

  #sendError(error: unknown, ref: string | undefined): void {
    const known = error instanceof RestanteError ? error : this.#deps.onFault(error);
    const { retryable } = ERRORS[known.code];
    const retryAfter = known.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs };
    this.#send({
      type: 'error',
      ...(ref === undefined ? {} : { ref }),
      code: known.code,
      message: known.message,
      retryable,
      ...retryAfter,
    });
  }
}
