import { createInbox, headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { RestanteError } from '@restante/protocol';
import { isNotFound, type JetStreamApi, nanoseconds, type RawMessage, unavailable } from './api.js';
import type { StoredMessage } from './stored-entry.js';

/**
 * Bounded readings of a stream, for cold reads. The first few messages are asked of the stream's leader, one by one; what lies beyond comes
 * from a consumer of its own, which may live on a copy that lags. So the end of a scan is always the leader's word: there is nothing
 * more up to here.
 */

/** Most readers miss nothing or little: for these a consumer would cost more than it brings. */
const SINGLE_MAX = 3;
/** Scans that are under way in one process; the others wait in turn. */
const SCANS_MAX = 8;
const SLICE_MAX = 1_000;
const SILENT_MS_MAX = 3_000;
/** So long nothing came, though the leader has more. */
const STUCK_MS_MAX = 10_000;
/** A copy that lags is asked again after so long. */
const LAGGING_MS = 25;
/** A consumer that was not deleted, because its reader went away, goes by itself. */
const INACTIVE_NS = 5_000_000_000;

export interface ScanRequest {
  /** Undefined: everything. */
  readonly filter: string | undefined;
  /** Messages with seqs in `(after, upTo]`. */
  readonly after: number;
  readonly upTo: number;
  /** Only headers and seqs. */
  readonly headersOnly?: boolean;
}

/** Takes one message. @returns false: enough */
export type Take = (message: StoredMessage) => boolean;

export class Scanner {
  readonly #api: JetStreamApi;
  readonly #stream: string;
  readonly #turns = new Turns(SCANS_MAX);

  constructor(api: JetStreamApi, stream: string) {
    this.#api = api;
    this.#stream = stream;
  }

  /** Hands over the messages in order, until `take` has enough or there are none left. @throws RestanteError `LOG_UNAVAILABLE` */
  async scan(request: ScanRequest, take: Take): Promise<void> {
    const { filter, upTo } = request;
    let { after } = request;
    if (after >= upTo) return;
    let progressAt = performance.now();
    for (let lagging = 0; performance.now() - progressAt < STUCK_MS_MAX; ) {
      for (let single = 0; single < SINGLE_MAX; single += 1) {
        const next = await this.next(filter, after);
        if (next === undefined || next.seq > upTo || !take(next)) return;
        after = next.seq;
        if (after === upTo) return;
      }
      const { reached, isEnough } = await this.#turns.take(() => this.#consume({ ...request, after }, take));
      if (isEnough) return;
      lagging = reached > after ? 0 : lagging + 1;
      if (lagging === 0) progressAt = performance.now();
      after = Math.max(after, reached);
      if (lagging > 0) await new Promise((resolve) => setTimeout(resolve, LAGGING_MS * lagging));
    }
    throw new RestanteError('LOG_UNAVAILABLE', 'JetStream did not give all that it holds in time');
  }

  /** The first message after a seq, by the leader's word. */
  async next(filter: string | undefined, after: number): Promise<StoredMessage | undefined> {
    return this.#get({ seq: after + 1, next_by_subj: filter ?? '>' });
  }

  /** The message at a seq, by the leader's word. */
  async at(seq: number): Promise<StoredMessage | undefined> {
    return this.#get({ seq });
  }

  async #get(query: object): Promise<StoredMessage | undefined> {
    try {
      const { message } = await this.#api.request<{ readonly message: RawMessage }>(`STREAM.MSG.GET.${this.#stream}`, query);
      return {
        subject: message.subject,
        seq: message.seq,
        timeNs: nanoseconds(message.time),
        headers: message.hdrs === undefined ? undefined : parsedHeaders(message.hdrs),
        data: Buffer.from(message.data ?? '', 'base64'),
      };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The newest message of every subject under the filter, ascending, as the copy that answers has them. */
  async newest(filter: string, take: Take): Promise<void> {
    const start = { deliver_policy: 'last_per_subject', filter_subject: filter };
    await this.#turns.take(() => this.#pull(start, Number.MAX_SAFE_INTEGER, take));
  }

  #consume({ filter, after, upTo, headersOnly = false }: ScanRequest, take: Take): Promise<Pulled> {
    const start = {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: after + 1,
      ...(filter !== undefined && { filter_subject: filter }),
      ...(headersOnly && { headers_only: true }),
    };
    return this.#pull(start, upTo, take);
  }

  async #create(request: object): Promise<{ readonly name: string; readonly num_pending: number }> {
    try {
      return await this.#api.request(`CONSUMER.CREATE.${this.#stream}`, request);
    } catch (error) {
      // The stream is gone, or on its way: what became of it is found when history is looked at.
      throw isNotFound(error) ? unavailable(error) : error;
    }
  }

  async #pull(start: object, upTo: number, take: Take): Promise<Pulled> {
    const stream = this.#stream;
    const config = { ...start, ack_policy: 'none', mem_storage: true, num_replicas: 1, inactive_threshold: INACTIVE_NS };
    const { name, num_pending: pending } = await this.#create({ stream_name: stream, config });
    const pulling = new Pulling(this.#api, `${stream}.${name}`, upTo, take);
    try {
      await pulling.run(pending);
      return { reached: pulling.reached, isEnough: pulling.isEnough };
    } finally {
      pulling.end();
    }
  }
}

interface Pulled {
  readonly reached: number;
  readonly isEnough: boolean;
}

/** Takes what one consumer has, slice by slice. */
class Pulling {
  reached = 0;
  isEnough = false;
  readonly #api: JetStreamApi;
  readonly #consumer: string;
  readonly #upTo: number;
  readonly #take: Take;
  readonly #inbox = createInbox();
  readonly #subscription: { unsubscribe(): void };
  #received = 0;
  #onMessage: (message: Msg) => void = () => undefined;

  constructor(api: JetStreamApi, consumer: string, upTo: number, take: Take) {
    this.#api = api;
    this.#consumer = consumer;
    this.#upTo = upTo;
    this.#take = take;
    this.#subscription = api.connection.nc.subscribe(this.#inbox, { callback: (_, message) => this.#onMessage(message) });
  }

  async run(pending: number): Promise<void> {
    for (let left = pending; left > 0 && !this.isEnough; ) {
      const wanted = Math.min(left, SLICE_MAX);
      const taken = await this.#slice(wanted);
      if (taken === 0) return;
      left -= taken;
    }
  }

  end(): void {
    this.#subscription.unsubscribe();
    if (this.#api.connection.isConnected) this.#api.connection.nc.publish(`$JS.API.CONSUMER.DELETE.${this.#consumer}`);
  }

  /** @returns how many messages came */
  #slice(wanted: number): Promise<number> {
    const { nc } = this.#api.connection;
    return new Promise((resolve, reject) => {
      let taken = 0;
      const silent = setTimeout(() => done(unavailable(new Error('a consumer fell silent'))), SILENT_MS_MAX);
      const done = (fault?: Error): void => {
        clearTimeout(silent);
        this.#onMessage = () => undefined;
        if (fault === undefined) resolve(taken);
        else reject(fault);
      };
      this.#onMessage = (message) => {
        silent.refresh();
        // The end of the slice: there is no more for now, or the next one would exceed the bytes.
        if (!isDelivery(message)) return done();
        const at = deliveryOf(message.reply);
        this.#received += 1;
        if (at.consumerSeq !== this.#received) return done(unavailable(new Error('a message of a consumer was lost')));
        taken += 1;
        this.reached = at.seq;
        this.isEnough = at.seq > this.#upTo || !this.#take(storedMessageOf(message, at)) || at.seq === this.#upTo;
        if (this.isEnough || taken === wanted) done();
      };
      const bytes = (nc.info?.max_payload ?? 1024 * 1024) + 1024 * 1024;
      const body = { batch: wanted, max_bytes: bytes, no_wait: true };
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.#consumer}`, JSON.stringify(body), { reply: this.#inbox });
    });
  }
}

export interface Delivery {
  readonly seq: number;
  readonly consumerSeq: number;
  readonly timeNs: string;
  /** Messages behind this one, for this consumer. */
  readonly pending: number;
}

/** Of `$JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<consumer seq>.<time>.<pending>`; newer servers may put a domain and an account before. */
export function deliveryOf(reply: string): Delivery {
  const tokens = reply.split('.');
  const at = tokens.length >= 11 ? 7 : 5;
  return {
    seq: Number(tokens[at]),
    consumerSeq: Number(tokens[at + 1]),
    timeNs: tokens[at + 2] as string,
    pending: Number(tokens[at + 3]),
  };
}

/** A message that a consumer delivers, and nothing that a server says of it: what its publisher wrote into its headers decides nothing. */
export type Delivered = Msg & { readonly reply: string };

export function isDelivery(message: Msg): message is Delivered {
  return message.reply?.startsWith('$JS.ACK.') === true;
}

/** Undefined where there are none, or none that can be read: the client reads them late, and throws. */
export function headersSaid(message: Msg): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

export function storedMessageOf(message: Msg, { seq, timeNs }: Delivery): StoredMessage {
  return { subject: message.subject, seq, timeNs, headers: headersSaid(message), data: message.data };
}

function parsedHeaders(base64: string): MsgHdrs {
  const parsed = headers();
  const lines = Buffer.from(base64, 'base64').toString().split('\r\n');
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    try {
      parsed.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      // No name of a header: whoever published it is not told any more.
    }
  }
  return parsed;
}

/** So many at once; the others in the order in which they came. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
