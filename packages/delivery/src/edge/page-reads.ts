import { currentEpoch, type Entry, entryBytes, type Pattern } from '@restante/protocol';
import type { DeliveryLimits } from '../limits.js';
import type { LinkName, PageAnswer, Read } from '../wire/messages.js';

/**
 * Reads of one log that an edge has under way, for readers who catch up and for mends: asked of the router's memory first,
 * else of the log. Readers who want the same page share one read, one page, and its encoding; cold reads are few at a time,
 * in the order in which they were asked for. Pages are kept for those who come a little later (I7: the least used go first).
 */

export interface PageReadEffects {
  /** To the instance that the link talks to. */
  askRouter(instance: string, message: Read): void;
  /** Reads the log itself; answered by `fromLog` with the same id. */
  readLog(id: number, request: PageRequest): void;
}

export interface PageRequest {
  readonly patterns: readonly Pattern[];
  readonly mode: 'every' | 'latest';
  readonly epoch: string;
  readonly after: number;
}

/** Who serves the log and is alive; undefined: read the log itself. */
type RouterToAsk = (now: number) => { readonly instance: string; readonly name: LinkName } | undefined;

/** Does everything of these patterns after `seq` come here as frames, purges among it? */
type IsHeld = (patterns: readonly Pattern[], seq: number) => boolean;

type Receive = (page: PageAnswer | 'failed') => void;

interface Flight {
  readonly id: number;
  readonly key: string;
  readonly request: PageRequest;
  readonly shared: boolean;
  readonly receivers: Receive[];
  /** Asked of the router until then; undefined once it goes to the log. */
  routerUntil: number | undefined;
}

export class PageReads {
  readonly #log: string;
  readonly #limits: DeliveryLimits;
  readonly #effects: PageReadEffects;
  readonly #router: RouterToAsk;
  readonly #isHeld: IsHeld;
  readonly #flights = new Map<string, Flight>();
  readonly #byId = new Map<number, Flight>();
  readonly #cold: Flight[] = [];
  #coldUnderWay = 0;
  readonly #pages = new Map<string, { readonly page: PageAnswer; readonly bytes: number }>();
  #bytes = 0;
  #lastId = 0;

  constructor(options: { log: string; limits: DeliveryLimits; effects: PageReadEffects; router: RouterToAsk; isHeld: IsHeld }) {
    this.#log = options.log;
    this.#limits = options.limits;
    this.#effects = options.effects;
    this.#router = options.router;
    this.#isHeld = options.isHeld;
  }

  /**
   * The page that begins at `request.after`, for whoever has a cursor at `cursor` or above.
   * @param receive called once: at once where the page is kept, else later; `failed`: try again after a while.
   */
  read(request: PageRequest, cursor: number, now: number, receive: Receive): void {
    const key = `${request.mode} ${request.epoch} ${request.after} ${request.patterns.map((p) => p.text).join(' ')}`;
    const kept = this.#pages.get(key);
    if (kept !== undefined) {
      const { next, head } = kept.page;
      // An open page ends where the log ended then: of no use to who has been there. And one that was not held ever since may show
      // what was purged meanwhile.
      if ((next < head || next > cursor) && this.#isHeld(request.patterns, head)) {
        this.#pages.delete(key);
        this.#pages.set(key, kept);
        receive(kept.page);
        return;
      }
      this.#forget(key, kept.bytes);
    }
    const flight = this.#flights.get(key);
    if (flight !== undefined) flight.receivers.push(receive);
    else this.#start(key, request, true, receive, now);
  }

  /** A mend's read, of the link's own patterns: shared with nobody. */
  readForLink(request: PageRequest, now: number, receive: Receive): void {
    this.#start(`link ${this.#lastId + 1}`, request, false, receive, now);
  }

  #start(key: string, request: PageRequest, shared: boolean, receive: Receive, now: number): void {
    this.#lastId += 1;
    const flight: Flight = { id: this.#lastId, key, request, shared, receivers: [receive], routerUntil: undefined };
    this.#flights.set(key, flight);
    this.#byId.set(flight.id, flight);
    const router = this.#router(now);
    if (router === undefined) {
      this.#toLog(flight);
      return;
    }
    flight.routerUntil = now + this.#limits.readWaitMs;
    const { patterns, mode, epoch, after } = request;
    this.#effects.askRouter(router.instance, {
      type: 'read',
      ...router.name,
      log: this.#log,
      id: flight.id,
      patterns: shared ? patterns.map((p) => p.text) : [],
      mode,
      epoch,
      after,
      limit: this.#limits.pageEntries,
      bytes: this.#limits.pageBytes,
    });
  }

  #toLog(flight: Flight): void {
    flight.routerUntil = undefined;
    this.#cold.push(flight);
    this.#nextCold();
  }

  #nextCold(): void {
    while (this.#coldUnderWay < this.#limits.coldReadsMax) {
      const flight = this.#cold.shift();
      if (flight === undefined) return;
      this.#coldUnderWay += 1;
      this.#effects.readLog(flight.id, flight.request);
    }
  }

  fromRouter(id: number, page: PageAnswer | 'miss'): void {
    const flight = this.#byId.get(id);
    if (flight?.routerUntil === undefined) return;
    if (page === 'miss') this.#toLog(flight);
    else this.#land(flight, page);
  }

  fromLog(id: number, page: PageAnswer | 'failed'): void {
    this.#coldUnderWay -= 1;
    const flight = this.#byId.get(id);
    if (flight !== undefined) this.#land(flight, page);
    this.#nextCold();
  }

  tick(now: number): void {
    for (const flight of this.#byId.values()) {
      if (flight.routerUntil !== undefined && now >= flight.routerUntil) this.#toLog(flight);
    }
  }

  #land(flight: Flight, page: PageAnswer | 'failed'): void {
    this.#byId.delete(flight.id);
    // After `clear` it is not among the flights any more: those who asked get it, nobody else.
    const current = this.#flights.get(flight.key) === flight;
    if (current) this.#flights.delete(flight.key);
    if (page !== 'failed' && current && flight.shared && isAsAsked(page, flight.request)) this.#keep(flight.key, page);
    for (const receive of flight.receivers) receive(page);
  }

  #keep(key: string, page: PageAnswer): void {
    // Twice: the entries, and the encoded page that their readers share.
    const bytes = page.entries.reduce((sum: number, entry: Entry) => sum + 2 * entryBytes(entry), 256);
    this.#pages.set(key, { page, bytes });
    this.#bytes += bytes;
    for (const [oldest, kept] of this.#pages) {
      if (this.#bytes <= this.#limits.pageCacheBytes) return;
      this.#forget(oldest, kept.bytes);
    }
  }

  #forget(key: string, bytes: number): void {
    this.#pages.delete(key);
    this.#bytes -= bytes;
  }

  /** A purge erases from caches too, and another history makes them void: what is kept goes, and what is under way is not kept. */
  clear(): void {
    this.#pages.clear();
    this.#bytes = 0;
    this.#flights.clear();
  }
}

/** Only such a page serves the next who asks: what a stale copy said, or one that retention has overtaken, must be asked for again. */
function isAsAsked(page: PageAnswer, { epoch, after }: PageRequest): boolean {
  return page.complete && page.start === after && currentEpoch(page.epochs) === epoch;
}
