import type { Io } from './io.js';
import { say } from './io.js';

/**
 * Progress of long work, on standard error: on a terminal one line that is drawn anew, elsewhere a line now and then.
 * Drawn when work is reported, not by a timer, so it costs nothing and never outlives the work.
 */

const TTY_MS = 100;
const PIPE_MS = 10_000;
const BAR_WIDTH = 24;

export class Progress {
  readonly #io: Io;
  readonly #verb: string;
  readonly #now: () => number;
  readonly #startedMs: number;
  #drawnMs: number;
  #count = 0;
  #drawn = false;

  /** @param verb what happened to the messages: `exported` */
  constructor(io: Io, verb: string, now: () => number = Date.now) {
    this.#io = io;
    this.#verb = verb;
    this.#now = now;
    this.#startedMs = now();
    this.#drawnMs = this.#startedMs;
  }

  get count(): number {
    return this.#count;
  }

  /** @param share of the whole that is done, 0 to 1, where it is known. */
  add(count: number, share?: number): void {
    this.#count += count;
    const now = this.#now();
    const isTty = this.#io.stderr.isTTY === true;
    if (now - this.#drawnMs < (isTty ? TTY_MS : PIPE_MS)) return;
    this.#drawnMs = now;
    if (!isTty) return say(this.#io, this.#text(share));
    this.#drawn = true;
    this.#io.stderr.write(`\r\u001b[K${share === undefined ? '' : `${bar(share)} `}${this.#text(share)}`);
  }

  /** Clears the drawn line, so that something else can be said. */
  pause(): void {
    if (this.#drawn) this.#io.stderr.write('\r\u001b[K');
    this.#drawn = false;
  }

  end(): void {
    this.pause();
    say(this.#io, this.#text(undefined));
  }

  #text(share: number | undefined): string {
    const seconds = (this.#now() - this.#startedMs) / 1_000;
    const rate = seconds > 0 ? Math.round(this.#count / seconds) : this.#count;
    const percent = share === undefined ? '' : `, ${Math.floor(share * 100)} %`;
    return `${counted(this.#count, 'message')} ${this.#verb} in ${seconds.toFixed(1)} s (${rate.toLocaleString('en')}/s)${percent}`;
  }
}

/** `1 message`, `2,000 messages` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  return `[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`;
}
