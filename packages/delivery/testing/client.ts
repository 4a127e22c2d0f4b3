import {
  type Cursor,
  type Entry,
  formatCursor,
  type GapReason,
  matches,
  type Pattern,
  parseCursor,
  parsePattern,
  type Position,
} from '@restante/protocol';
import type { Connection, Outlet, PageBatch, Reader, WireFormat } from '../src/index.js';
import type { EdgeShell } from './edge-shell.js';
import type { World } from './world.js';

/**
 * A client of the simulated world and its socket: follows the WebSocket's rules to the letter, takes frames out of a bounded socket
 * at its own pace, writes down all that it is told, and knows how to come back.
 */

export interface SubscriptionSpec {
  readonly patterns: readonly string[];
  readonly mode: 'every' | 'latest';
  readonly after: 'now' | 'earliest';
  /** Comes back from the last message's own cursor, or from the newest position that it was told. */
  readonly resumeBy: 'message' | 'position';
}

interface Told {
  readonly log: string;
  readonly epoch: string;
  readonly seq: number;
  readonly mailbox: string;
  readonly id?: string;
  readonly purged?: true;
}

type Frame =
  | { readonly type: 'subscribed'; readonly ref: string; readonly cursor: string; readonly reason?: GapReason }
  | { readonly type: 'messages'; readonly ref?: string; readonly cursor: string; readonly messages: readonly Told[] }
  | { readonly type: 'live'; readonly ref: string; readonly cursor: string }
  | { readonly type: 'gap'; readonly ref: string; readonly cursor: string; readonly reason: GapReason }
  | { readonly type: 'position'; readonly cursor: string }
  | { readonly type: 'behind' }
  | { readonly type: 'refused'; readonly ref: string };

const FORMAT: WireFormat = {
  name: 'model',
  batch: (log, epoch, entries, cursor) => bytesOf({ type: 'messages', cursor: formatCursor(cursor), messages: told(log, epoch, entries) }),
  position: (cursor) => bytesOf({ type: 'position', cursor: formatCursor(cursor) }),
};

function bytesOf(frame: Frame): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(frame));
}

function told(log: string, epoch: string, entries: readonly Entry[]): Told[] {
  return entries.map(({ seq, mailbox, kind, id }) => ({
    log,
    epoch,
    seq,
    mailbox,
    ...(kind === 'purged' ? { purged: true } : { id: id as string }),
  }));
}

/** The server's side of one connection: frames that the client has not taken yet. */
class Socket implements Outlet {
  readonly format = FORMAT;
  readonly shell: EdgeShell;
  readonly connection: Connection;
  readonly refs = new Map<Reader, string>();
  readonly readers = new Map<string, Reader>();
  readonly #client: Client;
  readonly #highWater: number;
  readonly #frames: Frame[] = [];
  wasFull = false;

  constructor(client: Client, shell: EdgeShell, highWater: number) {
    this.#client = client;
    this.#highWater = highWater;
    this.shell = shell;
    this.connection = shell.edge.connect(this);
  }

  get isFull(): boolean {
    const full = this.#frames.length >= this.#highWater;
    this.wasFull ||= full;
    return full;
  }

  get length(): number {
    return this.#frames.length;
  }

  take(): Frame | undefined {
    const frame = this.#frames.shift();
    if (this.wasFull && this.#frames.length <= this.#highWater / 2) {
      this.wasFull = false;
      this.shell.edge.drained(this.connection);
    }
    return frame;
  }

  write(bytes: Uint8Array): void {
    this.#put(JSON.parse(new TextDecoder().decode(bytes)) as Frame);
  }

  subscribed(reader: Reader, cursor: Cursor, gap: GapReason | undefined): void {
    this.#put({ type: 'subscribed', ref: this.#ref(reader), cursor: formatCursor(cursor), ...(gap !== undefined && { reason: gap }) });
  }

  page(reader: Reader, cursor: Cursor, { log, epoch, entries }: PageBatch): void {
    this.#put({ type: 'messages', ref: this.#ref(reader), cursor: formatCursor(cursor), messages: told(log, epoch, entries) });
  }

  live(reader: Reader, cursor: Cursor): void {
    this.#put({ type: 'live', ref: this.#ref(reader), cursor: formatCursor(cursor) });
  }

  gap(reader: Reader, cursor: Cursor, reason: GapReason): void {
    this.#put({ type: 'gap', ref: this.#ref(reader), cursor: formatCursor(cursor), reason });
  }

  behind(): void {
    this.#put({ type: 'behind' });
  }

  refused(reader: Reader): void {
    this.#put({ type: 'refused', ref: this.#ref(reader) });
  }

  #ref(reader: Reader): string {
    return this.refs.get(reader) as string;
  }

  #put(frame: Frame): void {
    this.#frames.push(frame);
    this.#client.wake();
  }
}

/** One subscription of a client through all its connections: a reader of the judge's history. */
export class Subscription {
  readonly name: string;
  readonly spec: SubscriptionSpec;
  readonly patterns: readonly Pattern[];
  readonly logs: ReadonlyMap<string, readonly Pattern[]>;
  readonly #world: World;
  /** Of the present request; undefined while it is not subscribed. */
  ref: string | undefined;
  isLive = false;
  /** Where it would come back to; undefined: nobody has told it anything yet. */
  #cursor: ReadonlyMap<string, Position> | undefined;

  constructor(world: World, name: string, spec: SubscriptionSpec) {
    this.#world = world;
    this.name = name;
    this.spec = spec;
    this.patterns = spec.patterns.map(parsePattern);
    this.logs = world.logsOf(this.patterns);
    world.recorder.record({ type: 'reader', reader: name, patterns: spec.patterns, mode: spec.mode });
  }

  get after(): 'now' | 'earliest' | Cursor {
    return this.#cursor ?? this.spec.after;
  }

  get text(): string {
    return this.#cursor === undefined ? this.spec.after : formatCursor(this.#cursor);
  }

  /** A request under a new ref. */
  open(ref: string): void {
    this.ref = ref;
    this.isLive = false;
    this.#world.recorder.record({ type: 'connect', reader: this.name, after: this.text });
  }

  subscribed(cursor: string, reason: GapReason | undefined): void {
    this.#world.recorder.record({
      type: 'subscribed',
      reader: this.name,
      cursor,
      complete: reason === undefined,
      ...(reason !== undefined && { reason }),
    });
    this.#goTo(parseCursor(cursor));
  }

  messages(messages: readonly Told[], cursor: string): void {
    for (const { log, epoch, seq, mailbox, ...content } of messages) {
      if (!this.patterns.some((pattern) => matches(pattern, mailbox))) continue;
      const { id, purged } = content;
      const what = purged === undefined ? { id: id as string, hash: id as string } : { purged };
      this.#world.recorder.record({ type: 'message', reader: this.name, log, epoch, seq, mailbox, ...what });
      this.#goTo(new Map(this.#cursor).set(log, { epoch, seq }));
    }
    this.#stand(cursor);
  }

  live(cursor: string): void {
    this.isLive = true;
    this.#stand(cursor);
  }

  position(cursor: string): void {
    this.#stand(cursor);
  }

  gap(cursor: string, reason: GapReason): void {
    this.#world.recorder.record({ type: 'gap', reader: this.name, cursor: this.#mine(cursor), reason });
    this.#goTo(parseCursor(cursor));
  }

  #stand(cursor: string): void {
    const mine = this.#mine(cursor);
    if (mine === '') return;
    this.#world.recorder.record({ type: 'position', reader: this.name, cursor: mine });
    if (this.spec.resumeBy === 'position') this.#goTo(parseCursor(mine));
  }

  #goTo(cursor: Cursor): void {
    this.#cursor = new Map([...(this.#cursor ?? []), ...[...cursor].filter(([log]) => this.logs.has(log))]);
  }

  #mine(cursor: string): string {
    return formatCursor(new Map([...parseCursor(cursor)].filter(([log]) => this.logs.has(log))));
  }
}

export class Client {
  readonly name: string;
  readonly subscriptions: Subscription[];
  readonly #world: World;
  #socket: Socket | undefined;
  #slowUntil = 0;
  #eating = false;

  constructor(world: World, name: string, specs: readonly SubscriptionSpec[]) {
    this.#world = world;
    this.name = name;
    this.subscriptions = specs.map((spec, i) => new Subscription(world, `${name}.${i}`, spec));
  }

  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  connect(shell: EdgeShell): void {
    this.disconnect();
    this.#socket = new Socket(this, shell, this.#world.settings.highWater);
    this.#world.tell(`${this.name} connects to ${shell.id}`);
    for (const subscription of this.subscriptions) this.#subscribe(this.#socket, subscription);
  }

  /** What was written and not yet taken is lost. */
  disconnect(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.shell.edge.disconnect(socket.connection);
    for (const subscription of this.subscriptions) subscription.isLive = false;
  }

  isOn(shell: EdgeShell): boolean {
    return this.#socket?.shell === shell;
  }

  /** Unsubscribes, or subscribes again on the same connection. */
  toggle(index: number): void {
    const socket = this.#socket;
    const subscription = this.subscriptions[index % this.subscriptions.length] as Subscription;
    if (socket === undefined) return;
    if (subscription.ref === undefined) {
      this.#subscribe(socket, subscription);
      return;
    }
    const reader = socket.readers.get(subscription.ref);
    this.#world.tell(`${subscription.name} unsubscribes`);
    subscription.ref = undefined;
    subscription.isLive = false;
    if (reader !== undefined) socket.shell.edge.unsubscribe(reader);
  }

  /** Subscribes again whatever is not. */
  openAll(): void {
    for (const [i, { ref }] of this.subscriptions.entries()) if (ref === undefined) this.toggle(i);
  }

  slow(ms: number): void {
    this.#slowUntil = Math.max(this.#slowUntil, this.#world.agenda.now + ms);
  }

  #subscribe(socket: Socket, subscription: Subscription): void {
    const ref = this.#world.newRef(subscription.name);
    const { after, patterns, logs, spec } = subscription;
    this.#world.tell(`${subscription.name} subscribes ${ref} ${spec.mode} ${spec.patterns.join(' ')} after ${subscription.text}`);
    subscription.open(ref);
    socket.shell.edge.subscribe(socket.connection, { mode: spec.mode, after, patterns, logs }, (reader) => {
      socket.refs.set(reader, ref);
      socket.readers.set(ref, reader);
    });
  }

  /** One frame every 2 ms, unless it is slow. */
  wake(): void {
    if (this.#eating) return;
    this.#eating = true;
    const { agenda } = this.#world;
    const eat = (): void => {
      const socket = this.#socket;
      if (socket === undefined || socket.length === 0) {
        this.#eating = false;
      } else if (agenda.now < this.#slowUntil) {
        agenda.in(this.#slowUntil - agenda.now + 1, eat);
      } else {
        const frame = socket.take();
        if (frame !== undefined) this.#receive(socket, frame);
        agenda.in(2, eat);
      }
    };
    agenda.in(2, eat);
  }

  #receive(socket: Socket, frame: Frame): void {
    this.#world.tell(`  ${this.name} < ${JSON.stringify(frame)}`);
    if (frame.type === 'behind') {
      for (const subscription of this.subscriptions) subscription.isLive = false;
    } else if (frame.type === 'position') {
      for (const subscription of this.#live) subscription.position(frame.cursor);
    } else if (frame.type === 'messages' && frame.ref === undefined) {
      for (const subscription of this.#live) subscription.messages(frame.messages, frame.cursor);
    } else {
      const subscription = this.subscriptions.find(({ ref }) => ref !== undefined && ref === frame.ref);
      if (subscription === undefined) return;
      if (frame.type === 'subscribed') subscription.subscribed(frame.cursor, frame.reason);
      else if (frame.type === 'messages') subscription.messages(frame.messages, frame.cursor);
      else if (frame.type === 'live') subscription.live(frame.cursor);
      else if (frame.type === 'gap') subscription.gap(frame.cursor, frame.reason);
      else this.#refused(socket, subscription);
    }
  }

  /** A retryable error: it asks again a little later. */
  #refused(socket: Socket, subscription: Subscription): void {
    subscription.ref = undefined;
    subscription.isLive = false;
    this.#world.agenda.in(700, () => {
      if (this.#socket === socket && subscription.ref === undefined) this.#subscribe(socket, subscription);
    });
  }

  get #live(): Subscription[] {
    return this.subscriptions.filter((subscription) => subscription.isLive);
  }
}
