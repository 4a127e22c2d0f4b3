import { CLOSE, type Epochs } from '@restante/protocol';
import type { ClientFrame, ServerFrame, ServerFrames } from '@restante/protocol/schemas';
import { WebSocket } from 'ws';
import type { ReaderRecord } from '../history/record.js';
import { type Address, addressOf } from './address.js';
import { NotRetryable, Reconnecting } from './reconnecting.js';
import { type ResumeBy, Standing } from './resume.js';

/**
 * A raw reader over WebSocket: frames as they are, no SDK, no dedupe. One connection, any number of subscriptions, each of them a reader.
 * Unnamed messages and positions count for the live subscriptions, named ones for those that are named (DESIGN section 8).
 */

export interface SocketSubscription {
  readonly record: ReaderRecord;
  readonly pattern: string;
  readonly catchUp: 'every' | 'latest';
  readonly after: string;
  readonly resumeBy: ResumeBy;
}

export interface SocketClientOptions {
  /** `http://…` of the server. */
  readonly url: Address;
  readonly subscriptions: readonly SocketSubscription[];
  readonly random?: () => number;
}

interface Subscription {
  readonly ref: string;
  readonly spec: SocketSubscription;
  readonly standing: Standing;
  isLive: boolean;
}

export class SocketClient {
  readonly #url: Address;
  readonly #subscriptions: readonly Subscription[];
  readonly #connection: Reconnecting;
  #socket: WebSocket | undefined;
  /** How often the server said that this connection fell behind. */
  behinds = 0;

  constructor({ url, subscriptions, random = Math.random }: SocketClientOptions) {
    this.#url = url;
    this.#subscriptions = subscriptions.map((spec, i) => {
      return { ref: `s${i}`, spec, standing: new Standing(spec.record, spec.resumeBy, spec.after), isLive: false };
    });
    this.#connection = new Reconnecting((signal) => this.#connect(signal), random);
  }

  get connections(): number {
    return this.#connection.connections;
  }

  get lastFailure(): unknown {
    return this.#connection.lastFailure;
  }

  get isLive(): boolean {
    return this.#subscriptions.every(({ isLive }) => isLive);
  }

  seqIn(log: string, epochs?: Epochs): number {
    return Math.min(...this.#subscriptions.map(({ standing }) => standing.seqIn(log, epochs)));
  }

  /** Stops reading from the socket, so that the server cannot send, until `resumeReading`. */
  pauseReading(): void {
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#socket?.resume();
  }

  /** Drops the connection without a word; it comes back by itself. */
  drop(): void {
    this.#socket?.terminate();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const socket = new WebSocket(`${addressOf(this.#url).replace(/^http/, 'ws')}/v1/socket`, 'restante.v1', {
      perMessageDeflate: false,
      maxPayload: 64 * 1024 * 1024,
    });
    this.#socket = socket;
    const silence = new Silence(() => socket.terminate());
    const abort = (): void => socket.terminate();
    signal.addEventListener('abort', abort);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('message', (bytes: Buffer) => {
          try {
            silence.heard();
            this.#take(socket, JSON.parse(bytes.toString('utf8')) as ServerFrame, silence);
          } catch (error) {
            reject(error);
          }
        });
        socket.on('close', (code) => {
          if (isFinal(code)) reject(new NotRetryable(`the server closed with ${code}`));
          else resolve();
        });
      });
    } finally {
      signal.removeEventListener('abort', abort);
      silence.stop();
      socket.removeAllListeners().on('error', () => undefined);
      socket.terminate();
      for (const subscription of this.#subscriptions) subscription.isLive = false;
    }
  }

  #take(socket: WebSocket, frame: ServerFrame, silence: Silence): void {
    if (frame.type === 'hello') {
      silence.limit(2 * frame.heartbeatMs);
      for (const { ref, spec, standing } of this.#subscriptions) {
        standing.connected();
        const subscribe: ClientFrame = { type: 'subscribe', ref, mailbox: spec.pattern, after: standing.after, catchUp: spec.catchUp };
        socket.send(JSON.stringify(subscribe));
      }
    } else if (frame.type === 'messages') this.#messages(frame);
    else if (frame.type === 'position') for (const { standing } of this.#live()) standing.position(frame.cursor);
    else if (frame.type === 'behind') this.#behind();
    else if (frame.type === 'error') {
      if (!frame.retryable) throw new NotRetryable(`${frame.code}: ${frame.message}`);
      throw new Error(`${frame.code}: ${frame.message}`);
    } else if (frame.type === 'subscribed' || frame.type === 'live' || frame.type === 'gap') this.#told(frame);
  }

  #told(frame: ServerFrames['subscribed' | 'live' | 'gap']): void {
    const subscription = this.#subscriptions.find(({ ref }) => ref === frame.ref);
    if (subscription === undefined) throw new Error(`${frame.type} for ${frame.ref}, which nobody subscribed`);
    const { standing } = subscription;
    if (frame.type === 'subscribed') standing.began(frame.cursor, frame.complete, frame.reason);
    else if (frame.type === 'gap') standing.gap(frame.cursor, frame.reason);
    else {
      standing.position(frame.cursor);
      subscription.isLive = true;
    }
  }

  #messages(frame: ServerFrames['messages']): void {
    const named = frame.for;
    const concerned = named === undefined ? this.#live() : this.#subscriptions.filter(({ ref }) => named.includes(ref));
    for (const { spec, standing } of concerned) {
      // Of a live batch, a subscription takes what it matches; of a named one, all is for it.
      for (const message of frame.messages) if (named !== undefined || spec.record.matches(message.mailbox)) standing.message(message);
      standing.position(frame.cursor);
    }
  }

  #behind(): void {
    this.behinds++;
    for (const subscription of this.#subscriptions) subscription.isLive = false;
  }

  #live(): Subscription[] {
    return this.#subscriptions.filter(({ isLive }) => isLive);
  }
}

/** RFC 6455 and DESIGN section 8: 4500–4999, 1002, 1003 and 1007–1010 say that coming back will not help. */
function isFinal(code: number): boolean {
  return (code >= CLOSE.notJson && code <= 4_999) || code === 1_002 || code === 1_003 || (code >= 1_007 && code <= 1_010);
}

/** Ends a connection on which nothing was heard for too long. */
class Silence {
  #timer: NodeJS.Timeout | undefined;
  readonly #tooLong: () => void;

  constructor(tooLong: () => void) {
    this.#tooLong = tooLong;
    this.limit(10_000);
  }

  limit(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#tooLong, limitMs);
  }

  heard(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
