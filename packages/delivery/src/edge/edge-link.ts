import { currentEpoch, type Epochs, entryBytes, type Entry, type Pattern, sharedUpTo } from '@restante/protocol';
import type { DeliveryLimits } from '../limits.js';
import type { Attach, Attached, Beat, Commands, Frame, LinkName, PageAnswer } from '../wire/messages.js';
import { CommandStream } from './command-stream.js';
import { type Interest, Interests } from './interests.js';

/**
 * The edge's end of a link, for one log (docs/delivery.md, L1–L13): attaches, sends commands, applies frames in order,
 * mends holes by reading them, and knows since when each interest is held. Keeps I5 and I6: whatever the bus or a second
 * router does, the owner sees each entry of its active interests once, in order, or is told of a gap.
 * Pure: `tick` brings the time, `page` the result of a read.
 */

/** What the link does to the log's state on this edge. Calls come in the order in which things hold. */
export interface LinkOwner {
  /** Everything up to here was applied; undefined before the first attach. */
  readonly covered: number | undefined;
  readonly epochs: Epochs | undefined;
  /** The first attach ever: begin at this position. */
  begin(epochs: Epochs, position: number): void;
  /** The log's history changed: it shares entries with ours up to `fork` (L10). */
  newHistory(epochs: Epochs, fork: number): void;
  /** All entries of the active interests in `(covered, upTo]`. */
  apply(entries: readonly Entry[], upTo: number): void;
  /** Entries in `(covered, upTo]` are gone: readers who are live are told (L8). */
  incomplete(upTo: number): void;
  /** `(covered, upTo]` is too much to read for everybody: readers catch up by themselves (L5). */
  jump(upTo: number): void;
  /** Some interests are active now. */
  activated(): void;
  /** Interests that were active are not any more: readers who lived on them go back to catching up (L7). */
  deactivated(): void;
  /** The router has no room for these interests; they are gone (L3). */
  refused(patterns: readonly Pattern[]): void;
}

export interface LinkEffects {
  /** To whoever serves this log. */
  attach(message: Attach): void;
  toInstance(instance: string, message: Commands): void;
  /** Reads `(after, …]` for these patterns, which are the link's; answered by `page`, with the same ticket. */
  mend(ticket: number, patterns: readonly Pattern[], epoch: string, after: number): void;
}

type State = 'idle' | 'attaching' | 'mending' | 'attached';

type LinkEvent =
  | Attached
  | Frame
  | ({ readonly type: 'beat' } & Beat)
  | { readonly type: 'page'; readonly ticket: number; readonly page: PageAnswer | 'failed' }
  | { readonly type: 'tick' };

type Cells = { readonly [E in LinkEvent as E['type']]: (link: EdgeLink, event: E, now: number) => void };

const ignore = (): void => undefined;

export class EdgeLink {
  /** The table of docs/delivery.md, cell by cell. */
  static readonly #TABLE: Readonly<Record<State, Cells>> = {
    idle: { attached: ignore, frame: ignore, beat: ignore, page: ignore, tick: ignore },
    attaching: {
      attached: (link, event, now) => link.#adopt(event, now),
      frame: (link, event) => link.#hold(event),
      beat: ignore,
      page: ignore,
      tick: (link, _, now) => link.#attachAgain(now),
    },
    mending: {
      attached: ignore,
      frame: (link, event) => link.#hold(event),
      beat: (link, _, now) => link.#alive(now),
      page: (link, event, now) => link.#mended(event.ticket, event.page, now),
      tick: (link, _, now) => link.#tickMending(now),
    },
    attached: {
      attached: ignore,
      frame: (link, event, now) => link.#onFrame(event, now),
      beat: (link, event, now) => link.#onBeat(event, now),
      page: ignore,
      tick: (link, _, now) => link.#tickAttached(now),
    },
  };

  readonly interests = new Interests();
  readonly #log: string;
  readonly #edge: string;
  readonly #newestVersion: number;
  readonly #limits: DeliveryLimits;
  readonly #owner: LinkOwner;
  readonly #effects: LinkEffects;
  #state: State = 'idle';
  #attempt = 0;
  #half: string | undefined;
  /** In which what we say on this link is written (L13). */
  #version = 0;
  #instance: string | undefined;
  #attachWaitMs: number;
  #attachUntil = 0;
  /** The instance's last sign of life. */
  #heardAt = 0;
  #previousBeat: number | undefined;
  readonly #commands: CommandStream;
  /** Interests that wait for their command to be acknowledged, ascending by r. */
  #waiting: { readonly r: number; readonly interest: Interest }[] = [];
  #held: Frame[] = [];
  #heldBytes = 0;
  #heldSince: number | undefined;
  #ticket = 0;
  #target = 0;
  #mendPatterns: readonly Pattern[] = [];
  #mendAgainAt: number | undefined;

  constructor(options: { log: string; edge: string; version: number; limits: DeliveryLimits; owner: LinkOwner; effects: LinkEffects }) {
    this.#log = options.log;
    this.#edge = options.edge;
    this.#newestVersion = options.version;
    this.#limits = options.limits;
    this.#attachWaitMs = options.limits.attachWaitMs;
    this.#commands = new CommandStream(options.limits);
    this.#owner = options.owner;
    this.#effects = options.effects;
  }

  /** Frames arrive, or would. */
  get attached(): boolean {
    return this.#state === 'attached' || this.#state === 'mending';
  }

  /** Whom to ask for pages; undefined while there is nobody, or nobody who gave a sign of life lately. */
  liveInstance(now: number): { readonly instance: string; readonly name: LinkName } | undefined {
    if (this.#instance === undefined || this.#half === undefined || now - this.#heardAt > 1.5 * this.#limits.beatMs) return undefined;
    return { instance: this.#instance, name: this.#name(this.#half) };
  }

  on(event: LinkEvent, now: number): void {
    if (!this.#isMine(event)) return;
    (EdgeLink.#TABLE[this.#state][event.type] as (link: EdgeLink, event: LinkEvent, now: number) => void)(this, event, now);
  }

  /** L1. While attaching, the router's half is not known yet: what bears our attempt is kept until the answer tells. */
  #isMine(event: LinkEvent): boolean {
    if (event.type === 'tick' || event.type === 'page') return true;
    if (event.attempt !== this.#attempt || event.edge !== this.#edge) return false;
    return this.#half === undefined || event.half === this.#half;
  }

  // ---- interests

  watch(pattern: Pattern, now: number): void {
    const known = this.interests.get(pattern.text);
    if (known !== undefined) {
      known.readers += 1;
      return;
    }
    const interest = this.interests.add(pattern);
    if (this.#state === 'idle' || this.#commands.isFull) this.#attach(now);
    else this.#watchByCommand(interest, now);
  }

  unwatch(pattern: Pattern, now: number): void {
    const interest = this.interests.get(pattern.text);
    if (interest === undefined) return;
    interest.readers -= 1;
    if (interest.readers > 0) return;
    this.interests.delete(pattern.text);
    if (this.#commands.isFull) this.#attach(now);
    else this.#commands.add('unwatch', pattern, now);
  }

  #watchByCommand(interest: Interest, now: number): void {
    interest.r = this.#commands.add('watch', interest.pattern, now);
    this.#waiting.push({ r: interest.r, interest });
  }

  /** An applied frame's r, or that of a beat at or below `covered`: acknowledges commands and activates interests (L6). */
  #learn({ r, refused }: { r: number; refused: readonly number[] }, from: number, coveredBefore: number, now: number): void {
    this.#commands.acknowledge(r, now);
    this.#activate(r, refused, Math.max(from, coveredBefore));
  }

  #activate(r: number, refused: readonly number[], since: number): void {
    let done = 0;
    const gone: Pattern[] = [];
    for (const { r: asked, interest } of this.#waiting) {
      if (asked > r) break;
      done += 1;
      // It was given up meanwhile, and perhaps asked for again under another number.
      if (this.interests.get(interest.pattern.text) !== interest || interest.r !== asked) continue;
      if (refused.includes(asked)) gone.push(interest.pattern);
      else interest.since = since;
    }
    if (done === 0) return;
    this.#waiting.splice(0, done);
    this.#refuse(gone);
    this.#owner.activated();
  }

  #refuse(patterns: readonly Pattern[]): void {
    if (patterns.length === 0) return;
    for (const { text } of patterns) this.interests.delete(text);
    this.#owner.refused(patterns);
  }

  // ---- attaching

  #attach(now: number): void {
    this.#state = 'attaching';
    this.#attempt += 1;
    this.#half = undefined;
    this.#instance = undefined;
    this.#previousBeat = undefined;
    this.#waiting = [];
    this.#ticket += 1;
    this.#clearHeld();
    this.#attachUntil = now + this.#attachWaitMs;
    const patterns: Pattern[] = [];
    const later: Interest[] = [];
    let room = this.#limits.attachBytesMax;
    for (const interest of this.interests.all()) {
      interest.r = 0;
      room -= interest.pattern.text.length;
      if (room >= 0) patterns.push(interest.pattern);
      else later.push(interest);
    }
    this.#mendPatterns = patterns;
    this.#effects.attach({
      type: 'attach',
      version: this.#newestVersion,
      log: this.#log,
      edge: this.#edge,
      attempt: this.#attempt,
      patterns: patterns.map((p) => p.text),
    });
    this.#commands.restart(later.length);
    this.#askAnew(later, now);
  }

  /** L2: by its answer only the attach's interests are active; these found no room in it. */
  #askAnew(interests: readonly Interest[], now: number): void {
    const wereActive = interests.some((interest) => interest.since !== undefined);
    for (const interest of interests) {
      interest.since = undefined;
      this.#watchByCommand(interest, now);
    }
    if (wereActive) this.#owner.deactivated();
  }

  #attachAgain(now: number): void {
    if (now < this.#attachUntil) return;
    this.#attachWaitMs = Math.min(this.#attachWaitMs * 2, this.#limits.attachWaitMsMax);
    this.#attach(now);
  }

  #adopt(answer: Attached, now: number): void {
    if (!this.#moveTo(answer)) return;
    const { half, instance, version } = answer;
    this.#version = version;
    this.#half = half;
    this.#instance = instance;
    this.#heardAt = now;
    this.#attachWaitMs = this.#limits.attachWaitMs;
    const covered = this.#covered;
    const refused = new Set(answer.refused);
    const gone: Pattern[] = [];
    for (const interest of this.interests.all()) {
      if (interest.r > 0) continue;
      if (refused.has(interest.pattern.text)) gone.push(interest.pattern);
      else interest.since ??= Math.max(answer.position, covered);
    }
    const name = this.#name(half);
    this.#commands.open((commands) => this.#effects.toInstance(instance, { type: 'commands', ...name, commands }), now);
    if (answer.position > covered) this.#mendOrJump(answer.position, now);
    else this.#replay(now);
    this.#refuse(gone);
    this.#owner.activated();
  }

  /** L10. @returns false for a stale router's answer: an ancestor of our epoch. */
  #moveTo({ epochs, position }: Attached): boolean {
    const ours = this.#owner.epochs;
    if (ours === undefined) {
      this.#owner.begin(epochs, position);
      return true;
    }
    return currentEpoch(epochs) === currentEpoch(ours) || this.#goOnIn(epochs, ours);
  }

  /** @returns false where `epochs` is a history that ours went on from: of a stale copy. */
  #goOnIn(epochs: Epochs, ours: Epochs): boolean {
    if (sharedUpTo(ours, currentEpoch(epochs)) !== undefined) return false;
    const fork = sharedUpTo(epochs, currentEpoch(ours)) ?? 0;
    this.#owner.newHistory(epochs, fork);
    this.interests.lower(fork);
    return true;
  }

  // ---- frames

  #onFrame(frame: Frame, now: number): void {
    if (frame.epoch !== this.#epoch) {
      this.#attach(now);
      return;
    }
    if (frame.from > this.#covered) {
      this.#hold(frame);
      this.#heldSince ??= now;
      return;
    }
    this.#apply(frame, now);
    this.#applyHeld(now);
  }

  #apply(frame: Frame, now: number): void {
    const before = this.#covered;
    const fresh = frame.from === before ? frame.entries : frame.entries.filter((e) => e.seq > before);
    if (frame.upTo > before) this.#owner.apply(fresh, frame.upTo);
    // A full pass may have ended readers, and so many that this link was given up.
    if (this.#half !== frame.half) return;
    this.#learn(frame, frame.from, before, now);
  }

  /** Held frames that now join. */
  #applyHeld(now: number): void {
    for (let i = 0; i < this.#held.length && this.#state === 'attached'; ) {
      const frame = this.#held[i] as Frame;
      if (frame.from > this.#covered) {
        i += 1;
        continue;
      }
      this.#held.splice(i, 1);
      this.#heldBytes -= bytesOf(frame);
      if (frame.epoch === this.#epoch) this.#apply(frame, now);
      i = 0;
    }
    if (this.#held.length === 0) this.#heldSince = undefined;
  }

  #hold(frame: Frame): void {
    const bytes = bytesOf(frame);
    if (this.#held.length >= this.#limits.heldFramesMax || this.#heldBytes + bytes > this.#limits.heldBytesMax) return;
    this.#held.push(frame);
    this.#heldBytes += bytes;
  }

  #clearHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#heldSince = undefined;
  }

  /** Attached again, or mended: what was held goes on where it joins; what does not waits as a hole. */
  #replay(now: number): void {
    this.#state = 'attached';
    const half = this.#half;
    this.#held = this.#held.filter((f) => f.half === half && f.upTo >= this.#covered).sort((a, b) => a.from - b.from || a.upTo - b.upTo);
    this.#heldBytes = this.#held.reduce((sum, f) => sum + bytesOf(f), 0);
    if (this.#held.some((f) => f.epoch !== this.#epoch)) {
      this.#attach(now);
      return;
    }
    this.#applyHeld(now);
    if (this.#held.length > 0) this.#heldSince = now;
  }

  // ---- beats

  #alive(now: number): void {
    this.#heardAt = now;
  }

  #onBeat(beat: Beat, now: number): void {
    this.#heardAt = now;
    if (beat.epoch !== this.#epoch) {
      this.#attach(now);
      return;
    }
    this.#commands.onBeat(beat.r, now);
    // The newest beat may have overtaken its frames; what the one before promised has had its time.
    const promised = this.#previousBeat;
    this.#previousBeat = beat.upTo;
    if (promised !== undefined && this.#covered < promised) this.#mend(beat.upTo, now);
    else if (beat.upTo <= this.#covered) this.#learn(beat, beat.upTo, this.#covered, now);
  }

  // ---- mending

  #mend(target: number, now: number): void {
    this.#mendPatterns = [...this.interests.all()].filter((i) => i.since !== undefined).map((i) => i.pattern);
    this.#mendOrJump(target, now);
  }

  #mendOrJump(target: number, now: number): void {
    if (this.#mendPatterns.length === 0) {
      this.#owner.apply([], target);
      this.#replay(now);
      return;
    }
    if (target - this.#covered > this.#limits.jumpEntries) {
      this.#owner.jump(target);
      this.#replay(now);
      return;
    }
    this.#state = 'mending';
    this.#heldSince = undefined;
    this.#target = target;
    this.#readOn();
  }

  #readOn(): void {
    this.#ticket += 1;
    this.#mendAgainAt = undefined;
    this.#effects.mend(this.#ticket, this.#mendPatterns, this.#epoch, this.#covered);
  }

  #mended(ticket: number, page: PageAnswer | 'failed', now: number): void {
    if (ticket !== this.#ticket) return;
    if (page === 'failed') {
      this.#mendAgainAt = now + this.#limits.retryMs;
      return;
    }
    if (currentEpoch(page.epochs) !== this.#epoch) {
      this.#mendedFromOtherHistory(page.epochs, now);
      return;
    }
    if (!page.complete && page.start > this.#covered) this.#owner.incomplete(page.start);
    const before = this.#covered;
    if (page.next > before)
      this.#owner.apply(
        page.entries.filter((e) => e.seq > before),
        page.next,
      );
    if (this.#covered >= this.#target) this.#replay(now);
    else if (this.#covered > before) this.#readOn();
    else this.#mendAgainAt = now + this.#limits.retryMs;
  }

  /** The log went on in another history and the router has not seen it: being there first, we refuse it until it has, and ask ever less often. */
  #mendedFromOtherHistory(epochs: Epochs, now: number): void {
    if (this.#goOnIn(epochs, this.#owner.epochs ?? [])) this.#attach(now);
    else this.#mendAgainAt = now + this.#limits.retryMs;
  }

  // ---- time

  #tickMending(now: number): void {
    if (this.#isSilent(now)) this.#attach(now);
    else if (this.#mendAgainAt !== undefined && now >= this.#mendAgainAt) this.#readOn();
  }

  #tickAttached(now: number): void {
    if (this.#isSilent(now)) {
      this.#attach(now);
      return;
    }
    if (this.#heldSince !== undefined && now - this.#heldSince >= this.#limits.holeMs) {
      this.#heldSince = undefined;
      const target = Math.min(...this.#held.map((f) => f.from));
      if (target > this.#covered) {
        this.#mend(target, now);
        return;
      }
    }
    this.#commands.tick(now);
  }

  #isSilent(now: number): boolean {
    return now - this.#heardAt > (this.#limits.beatsMissedMax + 0.5) * this.#limits.beatMs;
  }

  // ---- what the owner has

  get #covered(): number {
    return this.#owner.covered ?? 0;
  }

  get #epoch(): string {
    return this.#owner.epochs === undefined ? '' : currentEpoch(this.#owner.epochs);
  }

  #name(half: string): LinkName {
    return { version: this.#version, log: this.#log, edge: this.#edge, attempt: this.#attempt, half };
  }
}

function bytesOf(frame: Frame): number {
  return frame.entries.reduce((sum, entry) => sum + entryBytes(entry), 96);
}
