import { RestanteError } from '@restante/protocol';
import { jetstream, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { RequestError } from '@nats-io/transport-node';
import type { Lease } from '../lease.js';
import type { NatsConnection } from './connect.js';
import type { NatsEvent } from './options.js';

/**
 * Leases in a bucket of JetStream, by compare-and-set and without comparing clocks: a value says for how long its holder wants to be
 * waited for, and a contender takes the lease when it has itself seen the very same revision for longer than that. A renewal is one
 * round trip. About efficiency only (I6): a bucket that is deleted is made anew, and whoever comes first holds the lease.
 */

const BUCKET = 'restante_leases';
/** What one call may take in all; then nobody can tell who holds the lease, and whoever serves goes on. */
const CALL_MS = 1_000;
/** A cluster elects a leader for a new bucket. A call does not wait for so long; the next one finds the bucket. */
const CREATE_MS = 5_000;
/** Every attempt that fails means that somebody else's succeeded. */
const ATTEMPTS_MAX = 5;
/** Of the bucket: some ten thousand leases. Beyond, a new one is refused, which is `LOG_UNAVAILABLE`. */
const BUCKET_BYTES_MAX = 8 * 1024 * 1024;
/** Where the servers are a cluster; one that stands alone keeps the only one. */
const REPLICAS = 3;

const CODES = {
  replicasNeedCluster: 10_074,
  otherConfiguration: 10_058,
};

/** As it is stored; a later version may add fields. */
interface Value {
  readonly version: 1;
  /** `null`: given up. */
  readonly holder: string | null;
  readonly ttlMs: number;
  /** So that two values of one holder differ, even where a new bucket counts its revisions from the beginning. */
  readonly renewals: number;
}

interface Seen {
  /** 0: the bucket has no value for this log. */
  readonly revision: number;
  readonly value: Value;
  /** When this process saw this revision first, by its own clock that only goes forward. */
  readonly sinceMs: number;
}

const FREE: Value = { version: 1, holder: null, ttlMs: 0, renewals: 0 };

export interface NatsLeaseOptions {
  readonly replicas?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  readonly onEvent?: (event: NatsEvent) => void;
}

export class NatsLease implements Lease {
  readonly #connection: NatsConnection;
  readonly #options: NatsLeaseOptions;
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();
  readonly #bucket: Promise<KV>;
  #creating: Promise<void> | undefined;

  constructor(connection: NatsConnection, options: NatsLeaseOptions = {}) {
    this.#connection = connection;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    // Not read directly from any copy, which may lag: a contender must see every renewal.
    this.#bucket = new Kvm(jetstream(connection.nc, { timeout: CALL_MS })).open(BUCKET, { allow_direct: false });
  }

  hold(log: string, holder: string, ttlMs: number): Promise<string> {
    return this.#bounded(log, async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const known = attempt === 0 ? this.#seen.get(log) : undefined;
        // What it holds it renews without asking: the server says when somebody else has taken it.
        const seen = known?.value.holder === holder ? known : await this.#look(log);
        const { value } = seen;
        const isFree = value.holder === null || value.holder === holder || this.#now() - seen.sinceMs > value.ttlMs;
        if (!isFree) return value.holder;
        if (await this.#replace(log, seen, { version: 1, holder, ttlMs, renewals: value.renewals + 1 })) return holder;
      }
      // Then it was other calls for the same holder that were faster.
      if (this.#seen.get(log)?.value.holder === holder) return holder;
      throw new Error('it changes all the time');
    });
  }

  release(log: string, holder: string): Promise<void> {
    return this.#bounded(log, async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const seen = await this.#look(log);
        if (seen.value.holder !== holder) return;
        if (await this.#replace(log, seen, { ...FREE, renewals: seen.value.renewals + 1 })) return;
      }
      throw new Error('it changes all the time');
    });
  }

  async #look(log: string): Promise<Seen> {
    const entry = await this.#use((bucket) => bucket.get(log));
    return this.#note(log, entry?.revision ?? 0, entry === null ? FREE : parse(entry.value));
  }

  /** @returns false: it is not the revision that was seen any more. */
  async #replace(log: string, { revision }: Seen, value: Value): Promise<boolean> {
    try {
      const stored = await this.#use((bucket) => bucket.put(log, JSON.stringify(value), { previousSeq: revision }));
      this.#note(log, stored, value);
      return true;
    } catch (error) {
      if (!isOutdated(error)) throw error;
      return false;
    }
  }

  #note(log: string, revision: number, value: Value): Seen {
    const before = this.#seen.get(log);
    const isSame =
      before !== undefined &&
      before.revision === revision &&
      before.value.holder === value.holder &&
      before.value.renewals === value.renewals;
    const seen = isSame ? before : { revision, value, sinceMs: this.#now() };
    this.#seen.set(log, seen);
    return seen;
  }

  /** Where the bucket is gone, it is made, and the same is done once more. */
  async #use<T>(work: (bucket: KV) => Promise<T>): Promise<T> {
    const bucket = await this.#bucket;
    try {
      return await work(bucket);
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#creating ??= this.#create().finally(() => {
        this.#creating = undefined;
      });
      await this.#creating;
      return await work(bucket);
    }
  }

  async #create(): Promise<void> {
    const kvm = new Kvm(jetstream(this.#connection.nc, { timeout: CREATE_MS }));
    const create = (replicas: number): Promise<KV> =>
      kvm.create(BUCKET, { replicas, history: 1, max_bytes: BUCKET_BYTES_MAX, allow_direct: false });
    try {
      await create(this.#options.replicas ?? REPLICAS);
    } catch (error) {
      const code = error instanceof JetStreamApiError ? error.code : undefined;
      if (code === CODES.replicasNeedCluster) await create(1);
      // Another process with another configuration was faster: its bucket is as good.
      else if (code !== CODES.otherConfiguration) throw error;
    }
    this.#options.onEvent?.({ type: 'leases-created' });
  }

  /** A caller is never stuck. What it gave up on may still come to an end, which changes only what is known here. */
  async #bounded<T>(log: string, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${CALL_MS} ms`)), CALL_MS);
    });
    try {
      const trouble = this.#connection.trouble();
      if (trouble !== undefined) throw new Error(trouble);
      return await Promise.race([work(), tooLate]);
    } catch (error) {
      // Nor could the holder renew meanwhile: it gets its time anew.
      this.#seen.delete(log);
      throw unavailable(log, error instanceof Error ? error.message : String(error), error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function unavailable(log: string, why: string, cause?: unknown): RestanteError {
  return new RestanteError('LOG_UNAVAILABLE', `nobody can tell who serves log ${log}: ${why}`, { cause });
}

/** What is no lease is nobody's. */
function parse(bytes: Uint8Array): Value {
  try {
    const { holder, ttlMs, renewals } = JSON.parse(Buffer.from(bytes).toString()) as Partial<Value>;
    if (typeof holder !== 'string' || typeof ttlMs !== 'number' || typeof renewals !== 'number') return FREE;
    return { version: 1, holder, ttlMs, renewals };
  } catch {
    return FREE;
  }
}

/** Nobody answers at the bucket's subject, or the bucket is unknown. */
function isMissing(error: unknown): boolean {
  if (error instanceof Error && error.cause instanceof RequestError && error.cause.isNoResponders()) return true;
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

function isOutdated(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return error.code === JetStreamApiCodes.StreamWrongLastSequence || error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown;
}
