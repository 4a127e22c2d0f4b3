import type { EventEmitter } from 'node:events';
import type { Logger } from './logger.js';

/**
 * Starts the parts of a process in order and stops them in reverse, each drained before it is closed, within limits of time.
 * A part that is late or fails to stop does not keep the others.
 */

export interface Part {
  /** Sends away who is there, in an orderly way; may take its time. */
  drain?(): Promise<void>;
  close(): Promise<void>;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** For all draining together; what is not done then is closed as it is. */
  readonly drainMsMax: number;
  /** For closing one part; what is not done then is left behind. */
  readonly closeMsMax: number;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #parts: { readonly name: string; readonly part: Part }[] = [];
  #stopping: Promise<boolean> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** What fails here was not started; whoever is starting calls `stop` for the parts before it. */
  async start<T extends Part>(name: string, start: () => T | Promise<T>): Promise<T> {
    const part = await start();
    this.#parts.push({ name, part });
    return part;
  }

  /** @returns whether every part was closed in time. Called again, it is the same stop. */
  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<boolean> {
    const drained = new Deadline(this.#options.drainMsMax);
    let clean = true;
    for (const { name, part } of this.#parts.reverse()) {
      clean = (await this.#run(name, 'drain', () => part.drain?.(), drained)) && clean;
      const closed = new Deadline(this.#options.closeMsMax);
      clean = (await this.#run(name, 'close', () => part.close(), closed)) && clean;
      closed.clear();
    }
    drained.clear();
    return clean;
  }

  async #run(part: string, step: 'drain' | 'close', run: () => Promise<void> | undefined, deadline: Deadline): Promise<boolean> {
    const { logger } = this.#options;
    try {
      if ((await Promise.race([run(), deadline.passed])) !== 'late') return true;
      logger.error({ part, step }, 'was not done in time, going on without it');
    } catch (err) {
      logger.error({ err, part, step }, 'failed while stopping');
    }
    return false;
  }
}

class Deadline {
  readonly passed: Promise<'late'>;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    const { promise, resolve } = withResolvers<'late'>();
    this.passed = promise;
    this.#timer = setTimeout(resolve, ms, 'late');
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Ctrl-C reaches a process from the terminal and again from npm: signals this close together are one. */
const SAME_SIGNAL_MS = 300;

/**
 * Resolves upon SIGTERM or SIGINT; call it before anything is started. From then on a second signal ends the process at once; an
 * unhandled rejection or exception does so always, after it was said: a process in an unknown state must not go on acknowledging.
 */
export async function untilSignal(
  logger: Logger,
  events: EventEmitter & { exit(code: number): void } = process,
  now: () => number = () => performance.now(),
): Promise<void> {
  const fatal = (err: unknown): void => {
    logger.fatal({ err }, 'a fault that nobody handled; ending');
    events.exit(1);
  };
  events.on('unhandledRejection', fatal);
  events.on('uncaughtException', fatal);
  const { promise, resolve } = withResolvers<void>();
  let firstMs: number | undefined;
  const onSignal = (signal: string): void => {
    if (firstMs === undefined) {
      firstMs = now();
      logger.info({ signal }, 'draining; a second signal ends at once');
      resolve();
    } else if (now() - firstMs >= SAME_SIGNAL_MS) {
      logger.warn({ signal }, 'ending at once');
      events.exit(signal === 'SIGINT' ? 130 : 143);
    }
  };
  events.on('SIGTERM', onSignal);
  events.on('SIGINT', onSignal);
  await promise;
}
