import { type Cursor, type Entry, type Epochs, type GapReason, OPEN, parsePattern, type Position } from '@restante/protocol';
import {
  type After,
  type Attached,
  type Beat,
  type Connection,
  DELIVERY,
  type DeliveryLimits,
  decode,
  Edge,
  encode,
  type Frame,
  type Outlet,
  type PageAnswer,
  type PageBatch,
  type PageRequest,
  type Reader,
  type ReadMode,
  type ToRouter,
  WIRE_VERSION,
  type WireFormat,
} from '../src/index.js';

/** An edge whose bus, logs and clock are a test's own hands: for schedules of a few steps. */

export const E = 'epoch001';
export const F = 'epoch002';
export const ONE_EPOCH: Epochs = [{ epoch: E, upTo: OPEN }];
export function forkedAt(seq: number): Epochs {
  return [
    { epoch: E, upTo: seq },
    { epoch: F, upTo: OPEN },
  ];
}

export function entry(seq: number, mailbox = '/a/x', over: Partial<Entry> = {}): Entry {
  return { seq, time: seq, mailbox, kind: 'text', data: new TextEncoder().encode(`${seq}`), ...over };
}

/** A connection that writes down what its client is told: seqs, and what they came with. */
export class Told implements Outlet {
  readonly lines: string[] = [];
  readonly format: WireFormat;
  isFull = false;
  connection!: Connection;
  readonly names = new Map<Reader, string>();

  constructor(format: WireFormat = TEXT) {
    this.format = format;
  }

  /** What was told since the last time that somebody asked. */
  take(): string[] {
    return this.lines.splice(0);
  }

  write(bytes: Uint8Array): void {
    this.lines.push(new TextDecoder().decode(bytes));
  }

  subscribed(reader: Reader, cursor: Cursor, gap: GapReason | undefined): void {
    this.lines.push(`${this.#name(reader)} subscribed ${brief(cursor)}${gap === undefined ? '' : ` ${gap}`}`);
  }

  page(reader: Reader, cursor: Cursor, page: PageBatch): void {
    this.lines.push(`${this.#name(reader)} page ${seqs(page.entries)} to ${brief(cursor)}`);
  }

  live(reader: Reader, cursor: Cursor): void {
    this.lines.push(`${this.#name(reader)} live ${brief(cursor)}`);
  }

  gap(reader: Reader, cursor: Cursor, reason: GapReason): void {
    this.lines.push(`${this.#name(reader)} gap ${brief(cursor)} ${reason}`);
  }

  behind(): void {
    this.lines.push('behind');
  }

  refused(reader: Reader): void {
    this.lines.push(`${this.#name(reader)} refused`);
  }

  #name(reader: Reader): string {
    return this.names.get(reader) ?? '?';
  }
}

const TEXT: WireFormat = {
  name: 'text',
  batch: (_log, epoch, entries, cursor) => new TextEncoder().encode(`all ${seqs(entries)} of ${epoch.slice(-1)} to ${brief(cursor)}`),
  position: (cursor) => new TextEncoder().encode(`position ${brief(cursor)}`),
};

function seqs(entries: readonly Entry[]): string {
  return entries.map(({ seq, kind }) => (kind === 'purged' ? `purge@${seq}` : seq)).join(',');
}

/** `1.9` is seq 9 of the first epoch; logs by name where there are several. */
function brief(cursor: Cursor): string {
  const parts = [...cursor].map(([log, { epoch, seq }]) => [log, `${epoch.slice(-1)}.${seq}`] as const);
  return parts.length === 1 ? (parts[0]?.[1] ?? '') : parts.map(([log, at]) => `${log}:${at}`).join(' ');
}

export class EdgeByHand {
  now = 0;
  readonly edge: Edge;
  /** What was sent to routers and not yet looked at. */
  readonly sent: ToRouter[] = [];
  readonly reads: { readonly log: string; readonly id: number; readonly request: PageRequest }[] = [];
  asked = 0;
  #attempt = 0;
  #half = '';
  #version = WIRE_VERSION;

  constructor(limits: Partial<DeliveryLimits> = {}, ringBytes = 100_000, version = WIRE_VERSION) {
    const keep = (message: ToRouter): void => {
      this.sent.push(decode(encode(message), version) as ToRouter);
      if (message.type === 'attach' && message.log === 'a') this.#attempt = message.attempt;
    };
    this.edge = new Edge({
      edge: 'edge',
      version,
      logs: ['a', 'b'],
      ringBytes,
      limits: { ...DELIVERY, gridEntries: 1, ...limits },
      now: () => this.now,
      effects: {
        attach: keep,
        toInstance: (_instance, message) => keep(message),
        readLog: (log, id, request) => this.reads.push({ log, id, request }),
        askState: () => {
          this.asked += 1;
        },
        passSoon: () => undefined,
      },
    });
  }

  // ---- clients

  connect(told = new Told()): Told {
    told.connection = this.edge.connect(told);
    return told;
  }

  subscribe(told: Told, patterns: string, after: After | number = 'now', mode: ReadMode = 'every'): Reader {
    const from = typeof after === 'number' ? new Map<string, Position>([['a', { epoch: E, seq: after }]]) : after;
    const all = patterns.split(' ').map(parsePattern);
    const ofLogs = ['a', 'b'].map((log) => [log, all.filter((p) => p.base === '' || p.base.startsWith(`/${log}`))] as const);
    const logs = new Map(ofLogs.filter(([, ofLog]) => ofLog.length > 0));
    return this.edge.subscribe(told.connection, { mode, after: from, patterns: all, logs }, (reader) => {
      told.names.set(reader, patterns);
    });
  }

  // ---- messages of the link of log a

  /** The messages of one type that were sent since the last look. */
  take<T extends ToRouter['type']>(type: T): (ToRouter & { readonly type: T })[] {
    const taken = this.sent.filter((message) => message.type === type);
    for (const message of taken) this.sent.splice(this.sent.indexOf(message), 1);
    return taken as (ToRouter & { readonly type: T })[];
  }

  attached(position: number, over: Partial<Attached> = {}): void {
    const answer = { version: WIRE_VERSION, half: 'h1', instance: 'R1', epochs: ONE_EPOCH, refused: [], ...over };
    this.#half = answer.half;
    this.#version = answer.version;
    this.edge.onMessage(encode({ type: 'attached', log: 'a', edge: 'edge', attempt: this.#attempt, position, ...answer }));
  }

  frame(from: number, upTo: number, entries: readonly Entry[] = [], over: Partial<Frame> = {}): void {
    const link = { version: this.#version, log: 'a', edge: 'edge', attempt: this.#attempt, half: this.#half };
    this.edge.onMessage(encode({ type: 'frame', ...link, r: 0, refused: [], epoch: E, from, upTo, entries, ...over }));
  }

  beat(upTo: number, over: Partial<Beat> = {}): void {
    const link = { version: this.#version, log: 'a', edge: 'edge', attempt: this.#attempt, half: this.#half };
    this.edge.onMessage(
      encode({ type: 'beats', version: this.#version, beats: [{ ...link, r: 0, refused: [], epoch: E, upTo, ...over }] }),
    );
  }

  pass(): void {
    this.edge.pass('a');
  }

  /** Time goes by, without a sign of life from any router. */
  wait(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 20);
      this.edge.tick();
    }
  }

  // ---- pages

  /** Answers the oldest read that the router was asked for. */
  routerAnswers(page: Partial<PageAnswer> | 'miss'): void {
    const [read] = this.sent.filter((message) => message.type === 'read');
    if (read === undefined) throw new Error('the router was asked for no page');
    this.sent.splice(this.sent.indexOf(read), 1);
    const answer = page === 'miss' ? page : wholePage(read.after, page);
    this.edge.onMessage(encode({ type: 'answer', version: read.version, log: read.log, id: read.id, page: answer }));
  }

  /** Answers the oldest read that went to the log itself. */
  logAnswers(page: Partial<PageAnswer> | 'failed'): void {
    const read = this.reads.shift();
    if (read === undefined) throw new Error('the log was asked for no page');
    this.edge.fromLog(read.log, read.id, page === 'failed' ? page : wholePage(read.request.after, page));
  }

  state(head: number, over: { readonly floor?: number; readonly epochs?: Epochs } = {}): void {
    this.edge.onState('a', { epochs: ONE_EPOCH, floor: 0, head, ...over });
  }
}

function wholePage(start: number, over: Partial<PageAnswer>): PageAnswer {
  const entries = over.entries ?? [];
  const next = over.next ?? Math.max(start, entries.at(-1)?.seq ?? 0);
  return { epochs: ONE_EPOCH, start, head: next, complete: true, ...over, next, entries };
}
