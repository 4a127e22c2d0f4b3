import type { Extent, Pattern } from '@restante/protocol';
import { DELIVERY, type DeliveryLimits } from '../limits.js';
import { decode, WIRE_VERSION } from '../wire/codec.js';
import type { PageAnswer } from '../wire/messages.js';
import { Audiences, Connection, type Outlet } from './connection.js';
import { EdgeLog, type EdgeLogEffects } from './edge-log.js';
import { type After, Part, Reader, type ReadMode } from './reader.js';

/**
 * An edge without its sockets: from frames of all logs to what each connection is written. The shell feeds it messages of the
 * bus, pages of the log and the time, calls `pass` when it was asked to, and owns sockets and timers.
 */
export class Edge {
  readonly #logs = new Map<string, EdgeLog>();
  readonly #audiences = new Audiences();
  readonly #version: number;

  constructor(options: EdgeOptions) {
    const { edge, version = WIRE_VERSION, ringBytes, limits = DELIVERY, effects, now } = options;
    this.#version = version;
    for (const name of options.logs) {
      this.#logs.set(name, new EdgeLog({ name, edge, version, ringBytes, limits, audiences: this.#audiences, effects, now }));
    }
  }

  connect(outlet: Outlet): Connection {
    return new Connection(outlet, this.#audiences);
  }

  /**
   * A new reader of a connection. What it is to know comes through the connection's outlet: `subscribed`, pages, `live`.
   * @param subscription `logs`: the logs that the patterns touch, each with those patterns that touch it.
   * @param named is handed the reader before it is told the first thing.
   */
  subscribe(connection: Connection, { mode, after, patterns, logs }: Subscription, named?: (reader: Reader) => void): Reader {
    const reader = new Reader(connection, mode, patterns);
    connection.readers.add(reader);
    named?.(reader);
    for (const [name, ofLog] of logs) {
      const from = after === 'now' || after === 'earliest' ? after : (after.get(name) ?? 'earliest');
      reader.parts.push(new Part(reader, this.#log(name), ofLog, from));
    }
    for (const part of reader.parts) part.log.add(part);
    return reader;
  }

  unsubscribe(reader: Reader): void {
    reader.end();
  }

  disconnect(connection: Connection): void {
    for (const reader of [...connection.readers]) reader.end();
    connection.close();
  }

  /** The connection's socket has room again. */
  drained(connection: Connection): void {
    for (const reader of connection.readers) {
      for (const part of reader.parts) part.on({ type: 'pump' }, part.log.now());
    }
  }

  /** A message of the bus; what is none of ours is dropped. */
  onMessage(bytes: Uint8Array): void {
    const message = decode(bytes, this.#version);
    if (message?.type === 'beats') {
      for (const beat of message.beats) this.#logs.get(beat.log)?.onBeat({ type: 'beat', ...beat });
    } else if (message?.type === 'attached' || message?.type === 'frame' || message?.type === 'answer') {
      this.#logs.get(message.log)?.onMessage(message);
    }
  }

  fromLog(log: string, id: number, page: PageAnswer | 'failed'): void {
    this.#log(log).fromLog(id, page);
  }

  /** @param extent undefined: it could not be asked. */
  onState(log: string, extent: Extent | undefined): void {
    this.#log(log).onState(extent);
  }

  pass(log: string): void {
    this.#log(log).pass();
  }

  tick(): void {
    for (const log of this.#logs.values()) log.tick();
  }

  positions(): void {
    this.#audiences.positions();
  }

  /** How many logs it has readers of. */
  get wantedLogs(): number {
    return [...this.#logs.values()].filter(({ parts }) => parts > 0).length;
  }

  /** Logs whose frames should arrive and do not. */
  get silentLogs(): readonly string[] {
    return [...this.#logs.values()].filter((log) => !log.isReady).map((log) => log.name);
  }

  get sizes(): EdgeSizes {
    const sizes = { readers: 0, interests: 0, ringBytes: 0, audiences: this.#audiences.size };
    for (const log of this.#logs.values()) {
      sizes.readers += log.parts;
      sizes.interests += log.interests.size;
      sizes.ringBytes += log.ring.bytes;
    }
    return sizes;
  }

  #log(name: string): EdgeLog {
    const log = this.#logs.get(name);
    if (log === undefined) throw new Error(`no log ${name} on this edge`);
    return log;
  }
}

export interface EdgeOptions {
  /** Random, drawn once per process (L1). */
  readonly edge: string;
  /** The newest version of the wire that is spoken here (L13). Default: this release's. */
  readonly version?: number;
  readonly logs: readonly string[];
  /** Per log. */
  readonly ringBytes: number;
  /** Default: `DELIVERY`. */
  readonly limits?: DeliveryLimits;
  readonly effects: EdgeLogEffects;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

export interface Subscription {
  readonly mode: ReadMode;
  readonly after: After;
  readonly patterns: readonly Pattern[];
  readonly logs: ReadonlyMap<string, readonly Pattern[]>;
}

export interface EdgeSizes {
  readonly readers: number;
  readonly interests: number;
  readonly ringBytes: number;
  readonly audiences: number;
}
