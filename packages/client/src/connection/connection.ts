import type { After, Link, LinkContext } from '../links/link.js';
import { type Effect, INITIAL, type Machine, type MachineEvent } from './machine.js';
import { step } from './table.js';
import { TIMING } from './timing.js';

/**
 * The shell around the connection's table: opens and closes links, keeps the one timer, and knows the clock. What to do is not decided here.
 */

export interface ConnectionOptions {
  readonly endpoints: readonly string[];
  readonly transports: readonly ((context: LinkContext) => Link)[];
  readonly token: LinkContext['token'];
  readonly after: After;
  readonly now: () => number;
  readonly random: () => number;
  /** The machine has moved. */
  readonly onChange: (machine: Machine) => void;
  /** Everything goes through this link from now on; undefined: there is none. */
  readonly onLink: (link: Link | undefined) => void;
}

interface Opened {
  readonly link: Link;
  readonly timers: ReadonlySet<() => void>;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #links = new Map<number, Opened>();
  #machine: Machine = INITIAL;
  #stopTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get machine(): Machine {
    return this.#machine;
  }

  handle(event: MachineEvent): void {
    const { now, random, transports, endpoints, onChange } = this.#options;
    const before = this.#machine;
    const { machine, effects } = step(before, event, {
      now: now(),
      random,
      transports: transports.length,
      endpoints: endpoints.length,
    });
    if (event.type === 'ended') this.#forget(event.link);
    this.#machine = machine;
    this.#setTimer();
    for (const effect of effects) this.#perform(effect);
    if (machine !== before) onChange(machine);
  }

  #perform(effect: Effect): void {
    const { onLink } = this.#options;
    if (effect.type === 'open') this.#open(effect);
    else if (effect.type === 'release') onLink(undefined);
    else if (effect.type === 'adopt') onLink(this.#links.get(effect.link)?.link);
    else if (effect.type === 'probe') this.#links.get(effect.link)?.link.probe();
    else {
      this.#links.get(effect.link)?.link.close();
      this.#forget(effect.link);
    }
  }

  #open({ link, transport, endpoint }: Effect & { type: 'open' }): void {
    const { transports, endpoints, token, random } = this.#options;
    const url = endpoints[endpoint] ?? '';
    const events: LinkContext['events'] = {
      connected: (heartbeatMs) => this.handle({ type: 'connected', link, heartbeatMs }),
      heard: () => this.handle({ type: 'heard', link }),
      drain: (retryAfterMs) => this.handle({ type: 'drain', link, retryAfterMs }),
      ended: (ending) => this.handle({ ...ending, type: 'ended', link }),
    };
    // A link's timers end with it.
    const timers = new Set<() => void>();
    const after: After = (ms, call) => {
      const stop = this.#options.after(ms, () => {
        timers.delete(stop);
        call();
      });
      timers.add(stop);
      return () => {
        timers.delete(stop);
        stop();
      };
    };
    try {
      const opened = transports[transport]?.({ url, events, token, after, random });
      if (opened !== undefined) this.#links.set(link, { link: opened, timers });
    } catch {
      // A page served over https may not even try an address of http.
      queueMicrotask(() => events.ended({}));
    }
  }

  #forget(link: number): void {
    for (const stop of this.#links.get(link)?.timers ?? []) stop();
    this.#links.delete(link);
  }

  #setTimer(): void {
    const { now, after } = this.#options;
    const at = Math.min(this.#machine.dueAt, this.#machine.climbAt);
    if (at === Number.POSITIVE_INFINITY) this.#stopTimer?.();
    // A deadline that moves on with every message is looked at again when its timer fires.
    if (at >= this.#timerAt) return;
    this.#stopTimer?.();
    this.#timerAt = at;
    const setAt = now();
    const ms = Math.max(0, at - setAt);
    this.#stopTimer = after(Math.min(ms, TIMER_MS_MAX), () => this.#onTimer(setAt + ms));
  }

  #onTimer(expectedAt: number): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#options.now();
    const { dueAt, climbAt } = this.#machine;
    if (now >= Math.min(dueAt, climbAt) && now - expectedAt > TIMING.lateMs) this.handle({ type: 'wake' });
    else if (now >= dueAt) this.handle({ type: 'due' });
    else if (now >= climbAt) this.handle({ type: 'climb' });
    this.#setTimer();
  }
}

/** What `setTimeout` takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;
