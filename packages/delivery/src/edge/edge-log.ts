import { currentEpoch, type Entry, type Epochs, entryBytes, type Extent, type Pattern, type Position } from '@restante/protocol';
import { EntryWindow } from '../entry-window.js';
import type { DeliveryLimits } from '../limits.js';
import type { Attach, Commands, PageAnswer, Read, ToEdge } from '../wire/messages.js';
import type { Audiences } from './connection.js';
import { EdgeLink, type LinkOwner } from './edge-link.js';
import type { Interests } from './interests.js';
import { type PageRequest, PageReads } from './page-reads.js';
import type { Part } from './reader.js';

/**
 * What one edge has of one log: how far frames were applied (`covered`) and passed on to the sockets (`fanned`), the ring of
 * recent entries, and the parts that readers have in it. Keeps R1: everybody stands at `fanned`; what is applied and not yet
 * passed on is seen by nobody.
 */

export interface EdgeLogEffects {
  attach(message: Attach): void;
  toInstance(instance: string, message: Commands | Read): void;
  /** Reads one page of the log itself; answered by `fromLog`. `mode`, `epoch` and `after` as in the log's port. */
  readLog(log: string, id: number, request: PageRequest): void;
  /** Asks the log for its state; answered by `onState`. */
  askState(log: string): void;
  /** `pass` is to be called soon, once what has arrived together is applied. */
  passSoon(log: string): void;
}

export class EdgeLog implements LinkOwner {
  readonly name: string;
  readonly limits: DeliveryLimits;
  readonly reads: PageReads;
  readonly ring: EntryWindow;
  readonly now: () => number;
  readonly #link: EdgeLink;
  readonly #audiences: Audiences;
  readonly #effects: EdgeLogEffects;
  readonly #parts = new Set<Part>();
  /** Those whom the next pass, or an interest that becomes active, may bring further. */
  #waiting = new Set<Part>();
  readonly #retrying = new Set<Part>();
  #stateAsked: StateWaiter[] = [];
  #stateWaiters: StateWaiter[] = [];
  #epochs: Epochs | undefined;
  #covered: number | undefined;
  #fanned = 0;
  #pending: Entry[] = [];
  #pendingBytes = 0;
  #passIsDue = false;

  constructor(options: {
    name: string;
    edge: string;
    version: number;
    ringBytes: number;
    limits: DeliveryLimits;
    audiences: Audiences;
    effects: EdgeLogEffects;
    now: () => number;
  }) {
    const { name, edge, version, limits, effects } = options;
    this.name = name;
    this.limits = limits;
    this.now = options.now;
    this.#audiences = options.audiences;
    this.#effects = effects;
    this.ring = new EntryWindow(options.ringBytes, 0);
    this.reads = new PageReads({
      log: name,
      limits,
      router: (now) => this.#link.liveInstance(now),
      isHeld: (patterns, seq) => this.isHeld(patterns, seq),
      effects: {
        askRouter: (instance, message) => effects.toInstance(instance, message),
        readLog: (id, request) => effects.readLog(name, id, request),
      },
    });
    this.#link = new EdgeLink({
      log: name,
      edge,
      version,
      limits,
      owner: this,
      effects: {
        attach: (message) => effects.attach(message),
        toInstance: (instance, message) => effects.toInstance(instance, message),
        mend: (ticket, patterns, epoch, after) => this.#mend(ticket, { patterns, epoch, after, mode: 'every' }),
      },
    });
  }

  get epochs(): Epochs | undefined {
    return this.#epochs;
  }

  get epoch(): string {
    return this.#epochs === undefined ? '' : currentEpoch(this.#epochs);
  }

  get covered(): number | undefined {
    return this.#covered;
  }

  get fanned(): number {
    return this.#fanned;
  }

  get fannedPosition(): Position {
    return { epoch: this.epoch, seq: this.#fanned };
  }

  get hasBegun(): boolean {
    return this.#covered !== undefined;
  }

  /** Frames arrive, or none are wanted. */
  get isReady(): boolean {
    return this.#parts.size === 0 || this.#link.attached;
  }

  get interests(): Interests {
    return this.#link.interests;
  }

  get parts(): number {
    return this.#parts.size;
  }

  isInRing({ epoch, seq }: Position): boolean {
    return this.hasBegun && epoch === this.epoch && seq >= this.ring.floor && seq <= this.#fanned;
  }

  /** Everything of these patterns after `seq` comes here, or came. */
  isHeld(patterns: readonly Pattern[], seq: number): boolean {
    const since = this.interests.since(patterns);
    return since !== undefined && since <= seq;
  }

  // ---- parts

  add(part: Part): void {
    this.#parts.add(part);
    for (const pattern of part.patterns) this.#link.watch(pattern, this.now());
    part.on({ type: 'pump' }, this.now());
  }

  remove(part: Part): void {
    if (!this.#parts.delete(part)) return;
    this.#waiting.delete(part);
    this.#retrying.delete(part);
    for (const pattern of part.patterns) this.#link.unwatch(pattern, this.now());
  }

  /** Nothing is to be done for it until the next pass, or until an interest becomes active. */
  waits(part: Part): void {
    this.#waiting.add(part);
  }

  wentLive(part: Part): void {
    this.#waiting.delete(part);
    this.#retrying.delete(part);
  }

  fellBack(part: Part): void {
    this.#waiting.add(part);
    this.#passSoon();
  }

  retryLater(part: Part): void {
    this.#retrying.add(part);
  }

  /** The state of the log itself, for whoever must know where to begin. Asked once for all who wait. */
  askState(receive: StateWaiter): void {
    this.#stateWaiters.push(receive);
    this.#askNext();
  }

  /** Who comes while an answer is under way waits for the next: this one may be older than what it has seen. */
  #askNext(): void {
    if (this.#stateAsked.length > 0 || this.#stateWaiters.length === 0) return;
    this.#stateAsked = this.#stateWaiters;
    this.#stateWaiters = [];
    this.#effects.askState(this.name);
  }

  onState(extent: Extent | undefined): void {
    const asked = this.#stateAsked;
    this.#stateAsked = [];
    for (const receive of asked) receive(extent);
    this.#askNext();
  }

  #pumpWaiting(): void {
    const now = this.now();
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const part of waiting) part.on({ type: 'pump' }, now);
  }

  // ---- what comes in

  onMessage(message: Exclude<ToEdge, { type: 'beats' }>): void {
    if (message.type === 'answer') this.reads.fromRouter(message.id, message.page);
    else this.#link.on(message, this.now());
  }

  onBeat(beat: Parameters<EdgeLink['on']>[0] & { readonly type: 'beat' }): void {
    this.#link.on(beat, this.now());
  }

  fromLog(id: number, page: PageAnswer | 'failed'): void {
    this.reads.fromLog(id, page);
  }

  tick(): void {
    const now = this.now();
    this.#link.on({ type: 'tick' }, now);
    this.reads.tick(now);
    for (const part of this.#retrying) {
      if (now < part.retryAt) continue;
      this.#retrying.delete(part);
      part.on({ type: 'pump' }, now);
    }
  }

  #mend(ticket: number, request: PageRequest): void {
    this.reads.readForLink(request, this.now(), (page) => this.#link.on({ type: 'page', ticket, page }, this.now()));
  }

  // ---- what the link says (LinkOwner)

  begin(epochs: Epochs, position: number): void {
    this.#epochs = epochs;
    this.#covered = position;
    this.#fanned = position;
    this.ring.raiseFloor(position);
  }

  apply(entries: readonly Entry[], upTo: number): void {
    for (const entry of entries) {
      this.ring.push(entry);
      this.#pending.push(entry);
      this.#pendingBytes += entryBytes(entry);
      if (entry.kind === 'purged') this.reads.clear();
    }
    this.#covered = upTo;
    if (this.#pendingBytes >= this.limits.pendingBytesMax) this.pass();
    else this.#passSoon();
  }

  #passSoon(): void {
    if (this.#passIsDue) return;
    this.#passIsDue = true;
    this.#effects.passSoon(this.name);
  }

  /** Passes on what was applied, in batches that a socket takes whole; then those who catch up go on. */
  pass(): void {
    this.#passIsDue = false;
    this.#passOn();
    this.#pumpWaiting();
  }

  #passOn(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (let start = 0; start < pending.length; ) {
      const end = endOfBatch(pending, start, this.limits.pageBytes);
      const upTo = end === pending.length ? (this.#covered ?? 0) : (pending[end - 1] as Entry).seq;
      this.#audiences.pass(this, start === 0 && end === pending.length ? pending : pending.slice(start, end), upTo);
      this.#fanned = upTo;
      start = end;
    }
    this.#fanned = this.#covered ?? 0;
  }

  newHistory(epochs: Epochs, fork: number): void {
    this.#passOn();
    const before = this.epoch;
    const now = this.now();
    for (const part of this.#parts) part.on({ type: 'history', before, fork, epoch: currentEpoch(epochs) }, now);
    const covered = Math.min(this.#covered ?? 0, fork);
    this.#epochs = epochs;
    this.#covered = covered;
    this.#fanned = covered;
    this.ring.beginAt(covered);
    this.reads.clear();
    this.#passSoon();
  }

  incomplete(upTo: number): void {
    this.#passOn();
    const now = this.now();
    for (const part of this.#parts) part.on({ type: 'incomplete', upTo }, now);
    this.#standAt(upTo);
  }

  jump(upTo: number): void {
    this.#passOn();
    for (const part of this.#parts) if (part.reader.state === 'live') part.reader.connection.fallBehind();
    this.#standAt(upTo);
    this.#passSoon();
  }

  /** What lies between was not seen here, purges neither. */
  #standAt(position: number): void {
    this.ring.raiseFloor(position);
    this.reads.clear();
    this.#covered = position;
    this.#fanned = position;
  }

  activated(): void {
    this.#pumpWaiting();
  }

  deactivated(): void {
    const now = this.now();
    for (const part of this.#parts) if (!this.isHeld(part.patterns, this.#fanned)) part.on({ type: 'deactivated' }, now);
  }

  refused(patterns: readonly Pattern[]): void {
    const texts = new Set(patterns.map((p) => p.text));
    const concerned = [...this.#parts].filter((part) => part.patterns.some((p) => texts.has(p.text)));
    for (const { reader } of concerned) {
      if (reader.ended) continue;
      reader.end();
      reader.connection.outlet.refused(reader);
    }
  }
}

type StateWaiter = (extent: Extent | undefined) => void;

/** The end of the batch that begins at `start`: as many entries as one push may have bytes, at least one. */
function endOfBatch(entries: readonly Entry[], start: number, bytesMax: number): number {
  let bytes = 0;
  for (let end = start; end < entries.length; end += 1) {
    bytes += entryBytes(entries[end] as Entry);
    if (bytes > bytesMax && end > start) return end;
  }
  return entries.length;
}
