import type { Log } from '@restante/backend';
import { RestanteError } from '@restante/protocol';
import type { PageRequest } from './page-request.js';
import { type PageRead, readPage } from './pages.js';

/** Each may hold a page in memory and a reader of the log; more at once would not be faster. */
const READS_MAX = 64;

/**
 * The reads of pages that a process has under way: at most `READS_MAX`, the others in their order after them. How many may stand there
 * is bounded too (I7): beyond, `OVERLOADED`.
 */
export class PageReads {
  readonly #logs: ReadonlyMap<string, Log>;
  readonly #bytesMax: number;
  readonly #queueMax: number;
  /** By whom they are let on; in their order. */
  readonly #queue = new Set<() => void>();
  #underway = 0;

  /** @param queueMax at least as many as one message may wake, or some of those would be refused */
  constructor(logs: ReadonlyMap<string, Log>, bytesMax: number, queueMax: number) {
    this.#logs = logs;
    this.#bytesMax = bytesMax;
    this.#queueMax = queueMax;
  }

  /** @throws RestanteError `OVERLOADED`, and what the log throws */
  readonly read = async (request: PageRequest): Promise<PageRead> => {
    if (this.#underway < READS_MAX) this.#underway += 1;
    else await this.#turn();
    try {
      return await readPage(this.#logs, request, this.#bytesMax);
    } finally {
      this.#letOn();
    }
  };

  #turn(): Promise<void> {
    if (this.#queue.size >= this.#queueMax) throw new RestanteError('OVERLOADED', 'too many pages are being read');
    return new Promise((resolve) => this.#queue.add(resolve));
  }

  /** Hands the place on, so that who comes meanwhile does not overtake. */
  #letOn(): void {
    const [next] = this.#queue;
    if (next === undefined) this.#underway -= 1;
    else {
      this.#queue.delete(next);
      next();
    }
  }
}
