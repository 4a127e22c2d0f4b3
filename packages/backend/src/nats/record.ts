import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type Epochs, RestanteError } from '@restante/protocol';
import { isNotFound, type JetStreamApi, patiently, refuseReplicas, unavailable } from './api.js';

/**
 * What is recorded of each log beside its stream, in one KV bucket: the line of epochs, which stream they are of, and proofs of its history
 * (DESIGN section 4). Changed by compare-and-set alone, so that of many processes that find a fork one names the new epoch.
 */

export const BUCKET = 'restante_logs';
/** The form of a record; another one is of a newer release. */
const VERSION = 1;

/** A bucket that another process has just made has no leader yet, and nobody answers: to ask again is faster than to wait. */
const CALL_MS = 1_000;

/** An entry that was there: no other history has the same time, to the nanosecond, at the same seq. */
export interface Proof {
  readonly seq: number;
  readonly timeNs: string;
}

export interface LogRecord {
  readonly epochs: Epochs;
  /** Of the stream that the current epoch is of. */
  readonly created: string;
  /** Ascending. */
  readonly proofs: readonly Proof[];
  /** Seqs that purges erased, as ascending ranges; all others that are gone, retention removed. */
  readonly holes: Holes;
}

export type Holes = readonly (readonly [from: number, to: number])[];

export interface Recorded {
  readonly record: LogRecord;
  readonly revision: number;
}

export class LogRecords {
  readonly #kvm: Kvm;
  readonly #api: JetStreamApi;
  readonly #replicas: number;
  #kv: KV | undefined;

  private constructor(api: JetStreamApi, replicas: number) {
    this.#api = api;
    this.#replicas = replicas;
    this.#kvm = new Kvm(api.connection.nc);
  }

  /** @throws RestanteError `LOG_UNAVAILABLE` · `BACKEND_REFUSED` */
  static async open(api: JetStreamApi, replicas: number): Promise<LogRecords> {
    const records = new LogRecords(api, replicas);
    await patiently(() => records.#bucket());
    return records;
  }

  /** @throws RestanteError `LOG_UNAVAILABLE` · `LOG_MISMATCH` */
  async get(log: string): Promise<Recorded | undefined> {
    const found = await this.#ask((kv) => kv.get(log));
    if (found === null || found.operation !== 'PUT') return undefined;
    return { record: recordOf(log, found.string()), revision: found.revision };
  }

  /** @returns the new revision; undefined where somebody else has changed it first. */
  async put(log: string, record: LogRecord, revision: number | undefined): Promise<number | undefined> {
    const text = JSON.stringify({ v: VERSION, ...record });
    return this.#ask(async (kv) => {
      try {
        return await (revision === undefined ? kv.create(log, text) : kv.update(log, text, revision));
      } catch (error) {
        if (isConflict(error)) return undefined;
        throw error;
      }
    });
  }

  async names(): Promise<string[]> {
    return this.#ask(async (kv) => {
      const names: string[] = [];
      for await (const name of await kv.keys()) names.push(name);
      return names;
    });
  }

  /** Calls back when somebody writes the record; a hint, that may be lost. @returns ends it */
  onWritten(log: string, callback: () => void): () => void {
    const subscription = this.#api.connection.nc.subscribe(`$KV.${BUCKET}.${log}`, { callback });
    return () => subscription.unsubscribe();
  }

  /** Made where it was never there, or is no more: every process still has what was recorded, and writes it again. */
  async #bucket(): Promise<KV> {
    if (this.#kv !== undefined) return this.#kv;
    try {
      await this.#kvm.create(BUCKET, { history: 1, replicas: this.#replicas, allow_direct: false });
      const quick = new Kvm(jetstream(this.#api.connection.nc, { timeout: CALL_MS }));
      this.#kv = await quick.open(BUCKET, { allow_direct: false });
      return this.#kv;
    } catch (cause) {
      refuseReplicas(cause, this.#replicas);
      throw unavailable(cause);
    }
  }

  async #ask<T>(ask: (kv: KV) => Promise<T>): Promise<T> {
    if (!this.#api.connection.isConnected) throw new RestanteError('LOG_UNAVAILABLE', 'there is no connection to NATS');
    const kv = await this.#bucket();
    try {
      return await ask(kv);
    } catch (cause) {
      if (await this.#isGone()) {
        this.#kv = undefined;
        const made = await this.#bucket();
        return ask(made).catch((again: unknown) => {
          throw unavailable(again);
        });
      }
      throw unavailable(cause);
    }
  }

  async #isGone(): Promise<boolean> {
    try {
      await this.#api.request(`STREAM.INFO.KV_${BUCKET}`);
      return false;
    } catch (error) {
      return isNotFound(error);
    }
  }
}

function parsedOrEmpty(text: string): Partial<LogRecord & { readonly v: unknown }> {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}

/** @throws RestanteError `LOG_MISMATCH`: not as this release writes it */
function recordOf(log: string, text: string): LogRecord {
  const { v, epochs, created, proofs, holes } = parsedOrEmpty(text);
  if (typeof v === 'number' && v > VERSION) {
    const newer = `the record of log ${log} has form ${v}, and this release understands ${VERSION}: run the release that wrote it, or a newer one`;
    throw new RestanteError('LOG_MISMATCH', newer);
  }
  const isWhole =
    Array.isArray(epochs) && epochs.length > 0 && typeof created === 'string' && Array.isArray(proofs) && Array.isArray(holes);
  if (!isWhole || v !== VERSION) {
    const mend = `somebody else wrote to the bucket ${BUCKET}; delete the key ${log} there, and a new epoch begins`;
    throw new RestanteError('LOG_MISMATCH', `the record of log ${log} is none of Restante's: ${mend}`);
  }
  return { epochs, created, proofs, holes };
}

/** Another revision than expected: JetStream's "wrong last sequence", in either form. */
const CONFLICTS: readonly unknown[] = [10071, 10164];

function isConflict(error: unknown): boolean {
  return CONFLICTS.includes((error as { readonly code?: unknown }).code);
}

/** Sorted, joined, and no longer than what is worth keeping: the lowest go first, and count as removed by retention (I7). */
export function withHoles(holes: Holes, seqs: readonly number[], holesMax = 10_000): Holes {
  const ranges = [...holes.map(([from, to]) => [from, to] as const), ...seqs.map((seq) => [seq, seq] as const)].toSorted(
    (a, b) => a[0] - b[0],
  );
  const joined: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined.slice(-holesMax);
}

/** The highest seq below `first` that no purge erased: what retention has removed up to. */
export function floorBelow(first: number, holes: Holes): number {
  const around = holes.find(([from, to]) => from < first && to >= first - 1);
  return around === undefined ? first - 1 : around[0] - 1;
}

export function endingAt(record: LogRecord, upTo: number): Pick<LogRecord, 'proofs' | 'holes'> {
  return {
    proofs: record.proofs.filter(({ seq }) => seq <= upTo),
    holes: record.holes.filter(([from]) => from <= upTo).map(([from, to]) => [from, Math.min(to, upTo)] as const),
  };
}
