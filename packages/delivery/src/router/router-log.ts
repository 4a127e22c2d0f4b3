import {
  currentEpoch,
  type Entry,
  type Epochs,
  entryBytes,
  type Extent,
  type Pattern,
  PatternIndex,
  parsePattern,
  sharedUpTo,
} from '@restante/protocol';
import { EntryWindow } from '../entry-window.js';
import { DELIVERY } from '../limits.js';
import { NewestTable } from '../newest-table.js';
import { WIRE_VERSION } from '../wire/codec.js';
import type { Attach, Attached, Beat, Commands, Frame, LinkName, PageAnswer, Read } from '../wire/messages.js';

/**
 * One router's work for one log: the hot tail, and its end of the links to the edges (docs/delivery.md, L1–L13).
 * Fed with batches of the log's tail; says what to send through `send`. Keeps I3 and I6 on its side:
 * a frame lies under one interest set and never spans what was not read.
 * It does not know leases: a router that does not serve calls `dropLinks` and answers no attach.
 */
export class RouterLog {
  readonly #log: string;
  readonly #instance: string;
  readonly #version: number;
  readonly #send: (edge: string, message: Attached | Frame) => void;
  readonly #newHalf: () => string;
  readonly #limits: RouterLimits;
  readonly #frameBytesMax: number;
  readonly #links = new Map<string, Link>();
  readonly #wanted = new PatternIndex<Link>();
  /** Links with entries to send: a batch costs nothing for the others. */
  readonly #due = new Set<Link>();
  readonly #hot: EntryWindow;
  readonly #newest: NewestTable | undefined;
  #interests = 0;
  #epochs: Epochs;
  #position: number;

  constructor(options: RouterLogOptions) {
    const { extent, limits } = options;
    this.#log = options.log;
    this.#instance = options.instance;
    this.#version = options.version ?? WIRE_VERSION;
    this.#send = options.send;
    this.#newHalf = options.newHalf;
    this.#limits = limits;
    this.#frameBytesMax = limits.frameBytesMax ?? DELIVERY.frameBytesMax;
    this.#epochs = extent.epochs;
    this.#position = extent.head;
    this.#hot = new EntryWindow(limits.hotTailBytes, extent.head);
    this.#newest = limits.newestBytes > 0 ? new NewestTable(limits.newestBytes, extent.head) : undefined;
  }

  /** Up to where the tail was read. */
  get position(): { readonly epoch: string; readonly seq: number } {
    return { epoch: currentEpoch(this.#epochs), seq: this.#position };
  }

  get links(): number {
    return this.#links.size;
  }

  get interests(): number {
    return this.#interests;
  }

  get hotTailBytes(): number {
    return this.#hot.bytes;
  }

  /** Entries read from the log as its newest per mailbox, all of them after `since`: the table answers from there on (R5). */
  loadNewest(entries: readonly Entry[], since: number): void {
    for (const entry of entries) this.#newest?.set(entry);
    this.#newest?.completeSince(since);
  }

  /** The next batch of the log's tail. */
  onTail(batch: Extent & { readonly from: number; readonly upTo: number; readonly entries: readonly Entry[] }): void {
    if (currentEpoch(batch.epochs) !== currentEpoch(this.#epochs)) this.#fork(batch.epochs);
    if (batch.from > this.#position) this.#skipTo(batch.from);
    for (const entry of batch.entries) {
      if (entry.seq > this.#position) this.#take(entry);
    }
    this.#position = Math.max(this.#position, batch.upTo);
  }

  #take(entry: Entry): void {
    this.#hot.push(entry);
    this.#newest?.set(entry);
    this.#position = entry.seq;
    this.#wanted.match(entry.mailbox, (link) => {
      // Several of its patterns may take the entry; and a frame may have carried it away already.
      if (link.taken === entry.seq) return;
      link.taken = entry.seq;
      this.#due.add(link);
      link.pending.push(entry);
      link.pendingBytes += entryBytes(entry);
      if (link.pendingBytes >= this.#frameBytesMax) this.#frame(link);
    });
  }

  /** The tail passed over what retention removed: the next frames begin after the gap, so that edges see a hole (L8). */
  #skipTo(floor: number): void {
    for (const link of this.#links.values()) {
      if (link.pending.length > 0) this.#frame(link);
      link.upTo = floor;
    }
    this.#position = floor;
    this.#hot.raiseFloor(floor);
    this.#newest?.reset(floor);
  }

  /** Another history: nobody's link goes on (L10). */
  #fork(epochs: Epochs): void {
    const shared = sharedUpTo(epochs, currentEpoch(this.#epochs)) ?? 0;
    this.#position = Math.min(this.#position, shared);
    this.#epochs = epochs;
    this.#hot.beginAt(this.#position);
    this.#newest?.reset(this.#position);
    this.dropLinks();
  }

  dropLinks(): void {
    this.#links.clear();
    this.#due.clear();
    this.#wanted.clear();
    this.#interests = 0;
  }

  /** L1, L2: one link per edge; the same attach again is answered unchanged, an older one ignored, a newer one replaces the link. */
  onAttach(attach: Attach, now: number): void {
    const known = this.#links.get(attach.edge);
    if (known !== undefined && known.name.attempt > attach.attempt) return;
    if (known?.name.attempt === attach.attempt) {
      known.heardAt = now;
      this.#answer(known);
      return;
    }
    if (known !== undefined) this.#drop(known);
    if (this.#links.size >= this.#limits.linksMax) return;
    // L13: so that each understands the other.
    const version = Math.min(attach.version, this.#version);
    const link: Link = {
      name: { version, log: this.#log, edge: attach.edge, attempt: attach.attempt, half: this.#newHalf() },
      patterns: new Map(),
      refusedAtAttach: [],
      startedAt: this.#position,
      applied: 0,
      refused: [],
      upTo: this.#position,
      taken: this.#position,
      pending: [],
      pendingBytes: 0,
      heardAt: now,
    };
    this.#links.set(attach.edge, link);
    for (const pattern of attach.patterns) if (!this.#watch(link, pattern)) link.refusedAtAttach.push(pattern);
    this.#answer(link);
  }

  #answer(link: Link): void {
    this.#send(link.name.edge, {
      type: 'attached',
      ...link.name,
      instance: this.#instance,
      epochs: this.#epochs,
      position: link.startedAt,
      refused: link.refusedAtAttach,
    });
  }

  /** L3, L4: commands apply in order, each once; a frame before them closes the old interest set, a frame after acknowledges. */
  onCommands(message: Commands, now: number): void {
    const link = this.#find(message);
    if (link === undefined) return;
    link.heardAt = now;
    const [first] = message.commands;
    if (first === undefined) return;
    // One message is in flight at a time: that it begins at r says that the edge has seen everything below.
    link.refused = link.refused.filter((r) => r >= first.r);
    const next = message.commands.filter((c) => c.r > link.applied);
    if (next[0]?.r !== link.applied + 1) return;
    if (this.#position > link.upTo) this.#frame(link);
    for (const command of next) {
      if (command.op === 'unwatch') this.#unwatch(link, command.pattern);
      else if (!this.#watch(link, command.pattern)) link.refused.push(command.r);
      link.applied = command.r;
    }
    this.#frame(link);
  }

  #watch(link: Link, text: string): boolean {
    if (link.patterns.has(text)) return true;
    const pattern = readPattern(text);
    if (pattern === undefined || this.#interests >= this.#limits.interestsMax) return false;
    link.patterns.set(text, pattern);
    this.#wanted.add(pattern, link);
    this.#interests += 1;
    return true;
  }

  #unwatch(link: Link, text: string): void {
    const pattern = link.patterns.get(text);
    if (pattern === undefined) return;
    link.patterns.delete(text);
    this.#wanted.delete(pattern, link);
    this.#interests -= 1;
  }

  /** Sends what waits; to be called once a batch of the tail is taken, so that what came together travels together. */
  flush(): void {
    for (const link of this.#due) this.#frame(link);
  }

  /** L9, L12: every link's frames up to the position, then its beat; links that were not heard of are dropped. */
  beat(now: number): readonly Beat[] {
    const beats: Beat[] = [];
    for (const link of this.#links.values()) {
      if (now - link.heardAt > DELIVERY.linkExpiresMs) {
        this.#drop(link);
        continue;
      }
      if (this.#position > link.upTo) this.#frame(link);
      beats.push({ ...link.name, r: link.applied, refused: link.refused, epoch: currentEpoch(this.#epochs), upTo: link.upTo });
    }
    return beats;
  }

  #frame(link: Link): void {
    const { pending } = link;
    this.#send(link.name.edge, {
      type: 'frame',
      ...link.name,
      r: link.applied,
      refused: link.refused,
      epoch: currentEpoch(this.#epochs),
      from: link.upTo,
      upTo: this.#position,
      entries: pending,
    });
    this.#due.delete(link);
    link.upTo = this.#position;
    link.pending = [];
    link.pendingBytes = 0;
  }

  /** Answers from memory, or `miss`. */
  onRead(read: Read): PageAnswer | 'miss' {
    if (read.epoch !== currentEpoch(this.#epochs)) return 'miss';
    const table = read.mode === 'latest' && this.#newest !== undefined && read.after >= this.#newest.since ? this.#newest : undefined;
    if (table === undefined && read.after < this.#hot.floor) return 'miss';
    if (read.after > this.#position) return 'miss';
    const upTo = this.#position;
    const patterns = this.#patternsOf(read);
    if (patterns.length === 0) return 'miss';
    const { entries, next } = (table ?? this.#hot).read({
      patterns,
      after: read.after,
      upTo,
      mode: read.mode,
      limit: read.limit,
      bytes: read.bytes,
    });
    return { epochs: this.#epochs, start: read.after, next, head: upTo, complete: true, entries };
  }

  /** None where they cannot be told, or not all of them be read: then the log itself is to be asked. */
  #patternsOf(read: Read): readonly Pattern[] {
    if (read.patterns.length === 0) return [...(this.#find(read)?.patterns.values() ?? [])];
    const patterns = read.patterns.map(readPattern);
    return patterns.every((pattern) => pattern !== undefined) ? patterns : [];
  }

  #find(name: LinkName): Link | undefined {
    const link = this.#links.get(name.edge);
    return link?.name.attempt === name.attempt && link.name.half === name.half ? link : undefined;
  }

  #drop(link: Link): void {
    this.#links.delete(link.name.edge);
    this.#due.delete(link);
    for (const pattern of link.patterns.values()) this.#wanted.delete(pattern, link);
    this.#interests -= link.patterns.size;
  }
}

/** An edge that is newer may know patterns that this router does not. */
function readPattern(text: string): Pattern | undefined {
  try {
    return parsePattern(text);
  } catch {
    return undefined;
  }
}

export interface RouterLimits {
  readonly hotTailBytes: number;
  /** 0: the namespace keeps no table of newest entries. */
  readonly newestBytes: number;
  readonly linksMax: number;
  readonly interestsMax: number;
  /** Default: as `DELIVERY` says. */
  readonly frameBytesMax?: number;
}

export interface RouterLogOptions {
  readonly log: string;
  /** This incarnation of this router. */
  readonly instance: string;
  /** The newest version of the wire that is spoken here. Default: this release's. */
  readonly version?: number;
  /** The log as it was when the tail began: the tail's first batch follows `head`. */
  readonly extent: Extent;
  readonly limits: RouterLimits;
  readonly send: (edge: string, message: Attached | Frame) => void;
  /** Draws the router's half of a new link: random, never the same twice. */
  readonly newHalf: () => string;
}

interface Link {
  readonly name: LinkName;
  readonly patterns: Map<string, Pattern>;
  readonly refusedAtAttach: string[];
  readonly startedAt: number;
  /** The last command applied. */
  applied: number;
  /** Refused commands that the edge may not know of yet. At most one message's worth: the next comes upon acknowledgement. */
  refused: number[];
  /** Up to where frames were sent. */
  upTo: number;
  /** The last entry that was put into `pending`. */
  taken: number;
  pending: Entry[];
  pendingBytes: number;
  heardAt: number;
}
