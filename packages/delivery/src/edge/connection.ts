import { type Cursor, type Entry, type GapReason, type Pattern, PatternIndex } from '@restante/protocol';
import type { EdgeLog } from './edge-log.js';
import type { PageAnswer } from '../wire/messages.js';
import type { Reader } from './reader.js';

/**
 * Connections, and who among them is live on what. Connections with the same live patterns and wire format form one audience:
 * a pass looks up each entry once, encodes a batch once per audience, and writes the same bytes to all of it.
 * Keeps R6: a connection whose socket is full gets nothing of a batch, and all of its live readers fall behind together.
 */

/** Messages of one catch-up page. `shared` is there where nothing was left out: the same object for all who get the page. */
export interface PageBatch {
  readonly log: string;
  readonly epoch: string;
  readonly entries: readonly Entry[];
  readonly shared: PageAnswer | undefined;
}

/** How live batches and positions look on the wire. One object per format: it is part of an audience's identity. */
export interface WireFormat {
  readonly name: string;
  batch(log: string, epoch: string, entries: readonly Entry[], cursor: Cursor): Uint8Array;
  position(cursor: Cursor): Uint8Array;
}

/**
 * A connection's way out: a socket, in the format's words. Everything is written whole, or not at all.
 * It is called from within delivery's loops: it may end readers and its connection there, but begin nothing new.
 */
export interface Outlet {
  readonly format: WireFormat;
  /** Over high water: nothing more is pushed until `Edge.drained` says so. */
  readonly isFull: boolean;
  /** Bytes that others get too: must not be changed. */
  write(bytes: Uint8Array): void;
  subscribed(reader: Reader, cursor: Cursor, gap: GapReason | undefined): void;
  page(reader: Reader, cursor: Cursor, page: PageBatch): void;
  live(reader: Reader, cursor: Cursor): void;
  gap(reader: Reader, cursor: Cursor, reason: GapReason): void;
  /** Every subscription that was live catches up again. */
  behind(): void;
  /** No router has room for this reader's interest; the reader has ended. */
  refused(reader: Reader): void;
}

export class Connection {
  readonly outlet: Outlet;
  readonly readers = new Set<Reader>();
  readonly #audiences: Audiences;
  audience: Audience | undefined;

  constructor(outlet: Outlet, audiences: Audiences) {
    this.outlet = outlet;
    this.#audiences = audiences;
  }

  /** Its live readers are others than before. */
  changed(): void {
    this.#audiences.unsettle(this);
  }

  fallBehind(): void {
    let told = false;
    for (const reader of this.readers) {
      if (reader.state !== 'live') continue;
      reader.fallBack();
      if (!told) this.outlet.behind();
      told = true;
    }
  }

  close(): void {
    this.#audiences.leave(this);
  }
}

/** Connections that hear exactly the same. */
interface Audience {
  readonly key: string;
  readonly format: WireFormat;
  /** Its patterns by log. */
  readonly patterns: ReadonlyMap<EdgeLog, readonly Pattern[]>;
  /** Each with its outlet, so that a pass need not touch the connection. */
  readonly connections: Map<Connection, Outlet>;
  /** Of the pass under way. */
  batch: Entry[];
}

export class Audiences {
  readonly #byKey = new Map<string, Audience>();
  readonly #byLog = new Map<EdgeLog, PatternIndex<Audience>>();
  readonly #unsettled = new Set<Connection>();

  get size(): number {
    return this.#byKey.size;
  }

  /** Joining and leaving audiences waits for the next pass: a thousand subscriptions that go live together move their connection once. */
  unsettle(connection: Connection): void {
    this.#unsettled.add(connection);
  }

  leave(connection: Connection): void {
    this.#unsettled.delete(connection);
    this.#part(connection);
  }

  #settle(): void {
    for (const connection of this.#unsettled) {
      this.#part(connection);
      const live = [...connection.readers].filter((reader) => reader.state === 'live');
      if (live.length > 0) this.#join(connection, live);
    }
    this.#unsettled.clear();
  }

  #part(connection: Connection): void {
    const { audience } = connection;
    if (audience === undefined) return;
    connection.audience = undefined;
    audience.connections.delete(connection);
    if (audience.connections.size > 0) return;
    this.#byKey.delete(audience.key);
    for (const [log, patterns] of audience.patterns) for (const pattern of patterns) this.#byLog.get(log)?.delete(pattern, audience);
  }

  #join(connection: Connection, live: readonly Reader[]): void {
    const { format } = connection.outlet;
    const texts = new Set(live.flatMap((reader) => reader.patterns.map((p) => p.text)));
    const key = `${format.name} ${[...texts].sort().join(' ')}`;
    const audience = this.#byKey.get(key) ?? this.#create(key, format, live);
    audience.connections.set(connection, connection.outlet);
    connection.audience = audience;
  }

  #create(key: string, format: WireFormat, live: readonly Reader[]): Audience {
    const patterns = new Map<EdgeLog, Pattern[]>();
    for (const part of live.flatMap((reader) => reader.parts)) {
      const known = patterns.get(part.log);
      if (known === undefined) patterns.set(part.log, [...part.patterns]);
      else known.push(...part.patterns);
    }
    const audience: Audience = { key, format, patterns, connections: new Map(), batch: [] };
    this.#byKey.set(key, audience);
    for (const [log, ofLog] of patterns) for (const pattern of ofLog) this.#indexOf(log).add(pattern, audience);
    return audience;
  }

  #indexOf(log: EdgeLog): PatternIndex<Audience> {
    const known = this.#byLog.get(log);
    if (known !== undefined) return known;
    const index = new PatternIndex<Audience>();
    this.#byLog.set(log, index);
    return index;
  }

  /** One batch of a log's entries to everybody who is live on them. `upTo` is where `fanned` will stand afterwards. */
  pass(log: EdgeLog, entries: readonly Entry[], upTo: number): void {
    this.#settle();
    const index = this.#byLog.get(log);
    if (index === undefined) return;
    const reached: Audience[] = [];
    for (const entry of entries) {
      index.match(entry.mailbox, (audience) => {
        if (audience.batch.at(-1) === entry) return;
        if (audience.batch.length === 0) reached.push(audience);
        audience.batch.push(entry);
      });
    }
    for (const audience of reached) {
      const { batch } = audience;
      audience.batch = [];
      this.#write(audience, audience.format.batch(log.name, log.epoch, batch, cursorOf(audience, log, upTo)));
    }
  }

  #write(audience: Audience, bytes: Uint8Array): void {
    for (const [connection, outlet] of audience.connections) {
      if (outlet.isFull) connection.fallBehind();
      else outlet.write(bytes);
    }
  }

  /** Tells every audience where it stands, so that its quiet readers resume from close by. Who is full has other worries. */
  positions(): void {
    this.#settle();
    for (const audience of this.#byKey.values()) {
      const bytes = audience.format.position(cursorOf(audience));
      for (const outlet of audience.connections.values()) if (!outlet.isFull) outlet.write(bytes);
    }
  }
}

function cursorOf(audience: Audience, moving?: EdgeLog, upTo = 0): Cursor {
  const cursor = new Map();
  for (const log of audience.patterns.keys()) {
    cursor.set(log.name, log === moving ? { epoch: log.epoch, seq: upTo } : log.fannedPosition);
  }
  return cursor;
}
