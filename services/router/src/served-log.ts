import { randomUUID } from 'node:crypto';
import type { Lease, Log } from '@restante/backend';
import { type Attach, type Beat, type Commands, DELIVERY, type PageAnswer, type Read, RouterLog, type ToEdge } from '@restante/delivery';
import { currentEpoch, type Extent, LIMITS, parsePattern } from '@restante/protocol';
import type { Logger } from '@restante/runtime';
import type { RouterConfig, RouterDeps } from './router.js';

/**
 * One log as one router has it: the tail that feeds the pure `RouterLog`, and the lease that says whether edges are served here.
 * A standby tails too, so that it can take over at once.
 */

const LEASE_MS = 1_000;
/**
 * Two lost renewals are survivable. A standby looks as often, and takes over before the edges' second attempt to attach: the third comes
 * only twice as long after.
 */
const RENEW_MS = 300;
/** A tail that brought nothing for so long, not even an empty batch, is not proven alive: somebody else should serve. */
const TAIL_SILENT_MS = 3_000;
/** Before a tail that ended is begun again. */
const TAIL_AGAIN_MS = 500;
/** Of the table of newest entries, for namespaces with `snapshot`. Beyond, readers are sent to the log. */
const NEWEST_BYTES = 256 * 1024 * 1024;

export interface ServedLog {
  readonly name: string;
  readonly isServing: boolean;
  /** Its tail is not proven alive: it brought nothing for longer than a living one may be quiet. */
  readonly isSilent: boolean;
  readonly links: number;
  readonly interests: number;
  readonly hotTailBytes: number;
  readonly position: number;
  onAttach(message: Attach): void;
  onCommands(message: Commands): void;
  onRead(message: Read): PageAnswer | 'miss';
  beat(): readonly Beat[];
  close(): Promise<void>;
}

export async function startServedLog(
  { hotTailBytes, snapshots }: RouterConfig,
  { lease, logger }: Pick<RouterDeps, 'lease' | 'logger'>,
  { log, instance, send }: { log: Log; instance: string; send: (edge: string, message: ToEdge) => void },
): Promise<ServedLog> {
  const extent = await log.state();
  const hasSnapshot = snapshots.has(log.name);
  const { linksMax, interestsMax } = DELIVERY;
  const router = new RouterLog({
    log: log.name,
    instance,
    extent,
    limits: { hotTailBytes, newestBytes: hasSnapshot ? NEWEST_BYTES : 0, linksMax, interestsMax },
    send,
    newHalf: () => randomUUID(),
  });
  if (hasSnapshot) await loadNewest(router, log, extent);

  const abort = new AbortController();
  let aliveAt = performance.now();
  const tailing = tail(log, router, abort.signal, logger, () => {
    aliveAt = performance.now();
  });
  const isAlive = (): boolean => performance.now() - aliveAt <= TAIL_SILENT_MS;
  const holding = new Holding(lease, log.name, instance, isAlive, logger);
  holding.onLost = () => router.dropLinks();
  await holding.start();

  return {
    name: log.name,
    get isServing() {
      return holding.isServing;
    },
    get isSilent() {
      return !isAlive();
    },
    get links() {
      return router.links;
    },
    get interests() {
      return router.interests;
    },
    get hotTailBytes() {
      return router.hotTailBytes;
    },
    get position() {
      return router.position.seq;
    },
    onAttach(message) {
      if (holding.isServing) router.onAttach(message, performance.now());
    },
    onCommands(message) {
      if (holding.isServing) router.onCommands(message, performance.now());
    },
    onRead: (message) => router.onRead(message),
    beat: () => (holding.isServing && isAlive() ? router.beat(performance.now()) : []),
    async close() {
      abort.abort();
      await Promise.all([holding.end(), tailing]);
    },
  };
}

/** R5: everything newest up to the head, so that the table answers from the floor on. */
async function loadNewest(router: RouterLog, log: Log, { epochs, head }: Extent): Promise<void> {
  const patterns = [parsePattern('/**')];
  const epoch = currentEpoch(epochs);
  for (let after = 0, isLast = false; !isLast; ) {
    const limits = { limit: LIMITS.pageMessagesMax, bytes: LIMITS.pageBytesMax };
    const page = await log.read({ patterns, after: { epoch, seq: after }, mode: 'latest', ...limits });
    // Another history has begun meanwhile: the tail will tell, and the table begins with what comes.
    if (currentEpoch(page.epochs) !== epoch) return;
    // A copy that lags holds no more for now: what the table does not have is read from the log.
    if (page.next <= after && after < head) return;
    isLast = page.next >= head;
    // What lies beyond the head the tail will bring, and take the place of what is missing here.
    const entries = page.entries.filter(({ seq }) => seq <= head);
    router.loadNewest(entries, isLast ? 0 : head);
    after = page.next;
  }
}

async function tail(log: Log, router: RouterLog, signal: AbortSignal, logger: Logger, alive: () => void): Promise<void> {
  let said: string | undefined;
  while (!signal.aborted) {
    try {
      for await (const batch of log.tail(router.position, signal)) {
        said = undefined;
        alive();
        router.onTail(batch);
        router.flush();
      }
    } catch (err) {
      const text = (err as Error).message;
      // The same again, twice a second, tells nothing more.
      if (!signal.aborted && text !== said) logger.error({ err, log: log.name }, 'the tail of the log ended; beginning it again');
      said = text;
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, TAIL_AGAIN_MS));
  }
}

/**
 * Whether this router serves. It goes on until it *sees* another holder, not until a timer says so; one whose tail is silent gives up.
 */
class Holding {
  isServing = false;
  onLost: () => void = () => undefined;
  readonly #lease: Lease;
  readonly #log: string;
  readonly #instance: string;
  readonly #isAlive: () => boolean;
  readonly #logger: Logger;
  #isUnreachable = false;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(lease: Lease, log: string, instance: string, isAlive: () => boolean, logger: Logger) {
    this.#lease = lease;
    this.#log = log;
    this.#instance = instance;
    this.#isAlive = isAlive;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    await this.#renew();
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#renew());
    }, RENEW_MS);
  }

  async #renew(): Promise<void> {
    try {
      if (!this.#isAlive()) {
        if (this.isServing) this.#logger.warn({ log: this.#log }, 'the tail of the log is silent; giving the lease up');
        this.#set(false);
        await this.#lease.release(this.#log, this.#instance);
        return;
      }
      this.#set((await this.#lease.hold(this.#log, this.#instance, LEASE_MS)) === this.#instance);
      if (this.#isUnreachable) this.#logger.info({ log: this.#log, serving: this.isServing }, 'the lease can be reached again');
      this.#isUnreachable = false;
    } catch (error) {
      // Nobody can tell who holds it: whoever serves goes on. Said once, not at every attempt.
      const reason = (error as Error).message;
      if (!this.#isUnreachable) this.#logger.warn({ reason, log: this.#log }, 'the lease cannot be reached; trying again');
      this.#isUnreachable = true;
    }
  }

  #set(serving: boolean): void {
    if (this.isServing && !serving) this.onLost();
    this.isServing = serving;
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    this.#set(false);
    await this.#lease.release(this.#log, this.#instance).catch((err: unknown) => {
      this.#logger.warn({ err, log: this.#log }, 'the lease was not given back; it expires');
    });
  }
}
