import { type Beats, decode, RouterLog } from '../src/index.js';
import { parsePattern } from '@restante/protocol';
import { type ModelLog, readPage, tailBatch, type View } from './model-log.js';
import { read, write } from './next-release.js';
import type { World } from './world.js';

/**
 * A router of the simulated world: the real `RouterLog` of every log, one lease for all of them, a tail of a copy that may lag.
 * It can be stopped and goes on later with all that came meanwhile, blind to the lease, or killed; a new incarnation takes its slot.
 */
export class RouterShell {
  readonly instance: string;
  readonly #world: World;
  readonly #version: number;
  readonly #logs = new Map<string, RouterLog>();
  readonly #views = new Map<string, View>();
  #inbox: (() => void)[] = [];
  #stopped = false;
  #dead = false;
  #serving = false;
  #blindUntil = 0;
  #lagsUntil = 0;
  #halves = 0;

  constructor(world: World, instance: string, version: number) {
    this.#world = world;
    this.instance = instance;
    this.#version = version;
    for (const log of world.logs.values()) this.#logs.set(log.name, this.#begin(log));
    const { agenda } = world;
    const period = (periodMs: number, act: () => void): void =>
      agenda.every(periodMs, Math.ceil(periodMs * world.chance.draw('phase')), () => {
        if (!this.#stopped && !this.#dead) act();
        return !this.#dead;
      });
    period(8, () => this.#tail());
    period(500, () => this.#beat());
    period(300, () => this.#renew());
  }

  #begin(log: ModelLog): RouterLog {
    const { limits, settings, bus } = this.#world;
    const { view } = log;
    const router = new RouterLog({
      log: log.name,
      instance: this.instance,
      version: this.#version,
      extent: view,
      limits: {
        hotTailBytes: settings.hotTailBytes,
        newestBytes: settings.newestBytes,
        linksMax: limits.linksMax,
        interestsMax: limits.interestsMax,
        frameBytesMax: limits.frameBytesMax,
      },
      send: (edge, message) => bus.toEdge(this.instance, edge, write(message), message.type),
      newHalf: () => `${this.instance}-${(this.#halves += 1)}`,
    });
    if (settings.newestBytes > 0) {
      const all = { patterns: [parsePattern('/**')], mode: 'latest', epoch: router.position.epoch, after: 0 } as const;
      router.loadNewest(readPage(view, all, { limit: Infinity, bytes: Infinity }).entries, view.floor);
    }
    return router;
  }

  // ---- what happens to it

  receive(bytes: Uint8Array): void {
    if (this.#dead) return;
    if (this.#stopped) this.#inbox.push(() => this.#onMessage(bytes));
    else this.#onMessage(bytes);
  }

  stop(): void {
    this.#stopped = true;
  }

  goOn(): void {
    this.#stopped = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const act of inbox) act();
  }

  kill(): void {
    this.#dead = true;
  }

  /** Does not see the lease for a while: goes on as it is. */
  blind(ms: number): void {
    this.#blindUntil = this.#world.agenda.now + ms;
  }

  /** Its copy of the logs stands still for a while. */
  lag(ms: number): void {
    this.#lagsUntil = this.#world.agenda.now + ms;
  }

  steal(): void {
    if (this.#stopped || this.#dead) return;
    this.#world.lease.take(this.instance);
    this.#serving = true;
  }

  /** Loses all links at once, as when it leaves service and comes back. */
  dropLinks(): void {
    for (const router of this.#logs.values()) router.dropLinks();
  }

  // ---- what it does

  #renew(): void {
    if (this.#world.agenda.now < this.#blindUntil) return;
    const { lease } = this.#world;
    if (lease.hold(this.instance)) {
      this.#serving = true;
    } else if (this.#serving) {
      this.#serving = false;
      this.dropLinks();
      this.#world.tell(`${this.instance} sees another holder`);
    }
  }

  #tail(): void {
    if (this.#world.agenda.now < this.#lagsUntil) return;
    for (const [name, router] of this.#logs) {
      const log = this.#world.logs.get(name) as ModelLog;
      const { view } = log;
      const before = this.#views.get(name);
      if (
        before !== undefined &&
        before.head === view.head &&
        before.epochs === view.epochs &&
        before.floor === view.floor &&
        router.position.seq === view.head
      )
        continue;
      this.#views.set(name, view);
      router.onTail(tailBatch(view, router.position, 4));
      router.flush();
    }
  }

  #beat(): void {
    if (!this.#serving || this.#world.agenda.now < this.#lagsUntil - 2_500) return;
    const { agenda, bus } = this.#world;
    const byEdge = new Map<string, Beats & { readonly beats: Beats['beats'][number][] }>();
    for (const router of this.#logs.values()) {
      for (const beat of router.beat(agenda.now)) {
        const message = byEdge.get(beat.edge);
        if (message === undefined) byEdge.set(beat.edge, { type: 'beats', version: beat.version, beats: [beat] });
        else message.beats.push(beat);
      }
    }
    for (const [edge, message] of byEdge) bus.toEdge(this.instance, edge, write(message), 'beats');
  }

  #onMessage(bytes: Uint8Array): void {
    const { agenda, bus } = this.#world;
    const message = decode(read(bytes, this.#version), this.#version);
    if (message?.type === 'attach') {
      if (this.#serving) this.#logs.get(message.log)?.onAttach(message, agenda.now);
    } else if (message?.type === 'commands') {
      if (this.#serving) this.#logs.get(message.log)?.onCommands(message, agenda.now);
    } else if (message?.type === 'read') {
      const page = this.#logs.get(message.log)?.onRead(message) ?? 'miss';
      const { edge, version, log, id } = message;
      bus.toEdge(this.instance, edge, write({ type: 'answer', version, log, id, page }), 'answer');
    }
  }
}

/** Which router serves; kept for 1.5 s beyond the last renewal, and anybody's then. */
export class Lease {
  readonly #now: () => number;
  #holder: string | undefined;
  #until = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  take(instance: string): void {
    this.#holder = instance;
    this.#until = this.#now() + 1_500;
  }

  hold(instance: string): boolean {
    if (this.#holder !== instance && this.#now() <= this.#until) return false;
    this.take(instance);
    return true;
  }
}
