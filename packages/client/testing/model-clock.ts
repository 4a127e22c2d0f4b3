import type { World } from '../src/world.js';

/** Time that passes when the test says so. A machine that sleeps lets time pass without its timers. */
export class ModelClock implements World {
  readonly random: () => number;
  #now = 1_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();
  #onEvent: ((event: 'wake' | 'offline') => void) | undefined;

  constructor(random: () => number) {
    this.random = random;
  }

  readonly now = (): number => this.#now;

  readonly after = (ms: number, call: () => void): (() => void) => {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  readonly watch = (onEvent: (event: 'wake' | 'offline') => void): (() => void) => {
    this.#onEvent = onEvent;
    return () => (this.#onEvent = undefined);
  };

  event(event: 'wake' | 'offline'): void {
    this.#onEvent?.(event);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** When the next timer is due; undefined: there is none. */
  get nextAt(): number | undefined {
    return this.#timers.size === 0 ? undefined : Math.min(...[...this.#timers].map(({ at }) => at));
  }

  sleep(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass, each timer at its time. */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.call();
      await settle();
    }
    this.#now = Math.max(this.#now, until);
  }
}
