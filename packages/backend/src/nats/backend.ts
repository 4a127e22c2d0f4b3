import { forkedAt, OPEN, REST_LOG, RestanteError } from '@restante/protocol';
import type { Backend } from '../backend.js';
import { newEpoch } from '../epoch.js';
import type { LogPolicy } from '../log.js';
import { JetStreamApi, patiently, type StreamInfo } from './api.js';
import { NatsBus } from './bus.js';
import { connectNats, type NatsConnection } from './connect.js';
import { inspectNats } from './inspect.js';
import { NatsLease } from './lease.js';
import { Lineage } from './lineage.js';
import { NatsLog } from './log.js';
import type { NatsBackendOptions, NatsEvent } from './options.js';
import { BUCKET, endingAt, type LogRecord, LogRecords, type Recorded } from './record.js';
import { createStream, findStream, fitStream, type StreamPolicy } from './stream.js';
import { streamName } from './subjects.js';

/**
 * Logs in JetStream, bus on core NATS, leases in a bucket. Two connections: one for the bus and the leases, the other for the logs, so that
 * a big catch-up does not delay a heartbeat.
 */

/** The net below the checks that have a cause (L11). */
const CHECK_MS = 30_000;
const ADVISORIES = ['DELETED', 'CREATED', 'RESTORE_CREATE', 'RESTORE_COMPLETE', 'LEADER_ELECTED'];

interface OpenedLog {
  readonly log: NatsLog;
  readonly policy: StreamPolicy;
  readonly end: () => void;
}

interface Parts {
  readonly options: NatsBackendOptions;
  readonly api: JetStreamApi;
  readonly records: LogRecords;
  readonly replicas: number;
  readonly onEvent: (event: NatsEvent) => void;
}

/** @throws RestanteError `LOG_UNAVAILABLE` · `BACKEND_REFUSED` · `CONFIG_INVALID` */
export async function openNatsBackend(options: NatsBackendOptions): Promise<Backend> {
  const onEvent = options.onEvent ?? (() => undefined);
  const busConnection = await connectNats(options);
  let logConnection: NatsConnection | undefined;
  try {
    logConnection = await connectNats({ ...options, name: `${options.name}, logs` });
    return await openOn(options, onEvent, busConnection, logConnection);
  } catch (error) {
    await Promise.all([busConnection.close(), logConnection?.close()]);
    throw error;
  }
}

async function openOn(
  options: NatsBackendOptions,
  onEvent: (event: NatsEvent) => void,
  busConnection: NatsConnection,
  logConnection: NatsConnection,
): Promise<Backend> {
  const replicas = replicasOf(options, logConnection);
  const api = new JetStreamApi(logConnection);
  const records = await LogRecords.open(api, replicas);
  const parts: Parts = { options, api, records, replicas, onEvent };
  const bus = new NatsBus(busConnection, { onEvent });
  const logs = new Map<string, Promise<OpenedLog>>();
  const opened: OpenedLog[] = [];
  let isClosed = false;
  const isForeign = (segment: string): boolean => logs.has(segment);

  return {
    address: `nats://${options.servers.join(',nats://')}`,
    bus,
    lease: new NatsLease(busConnection, { replicas, onEvent }),
    durability: durabilityOf(replicas),
    async openLog(name, policy) {
      let opening = logs.get(name);
      if (opening === undefined) {
        opening = openLog(parts, name, { replicas, ...policy }, isForeign);
        logs.set(name, opening);
        opening.then(
          (one) => (isClosed ? one.end() : opened.push(one)),
          () => logs.delete(name),
        );
      }
      return (await opening).log;
    },
    trouble: () => busConnection.trouble() ?? logConnection.trouble() ?? faultOfAll(opened),
    inspect: (policies) => inspectNats(parts, policies),
    async close() {
      isClosed = true;
      for (const { end } of opened) end();
      bus.close();
      await Promise.all([busConnection.close(), logConnection.close()]);
    },
  };
}

/** A log that is lost does not take the others from their readers. */
function faultOfAll(opened: readonly OpenedLog[]): string | undefined {
  const faults = opened.map(({ log }) => log.fault);
  return faults.every((fault) => fault !== undefined) ? faults[0] : undefined;
}

function replicasOf({ replicas }: NatsBackendOptions, { nc }: NatsConnection): number {
  return replicas ?? (nc.info?.cluster === undefined ? 1 : 3);
}

function durabilityOf(replicas: number): string {
  const flush = 'JetStream flushes to the disk at its sync_interval, by default every two minutes';
  return replicas === 1
    ? `Stored is written by one NATS server: it survives the end of its process. ${flush}: what was not flushed when the machine lost power may be gone, and then the epoch is new.`
    : `Stored is written by a majority of ${replicas} NATS servers: it survives the loss of ${Math.floor((replicas - 1) / 2)} of them. ${flush}: it survives power lost by all at once only with sync_interval: always.`;
}

async function openLog(parts: Parts, name: string, policy: StreamPolicy, isForeign: (segment: string) => boolean): Promise<OpenedLog> {
  const { api, records, onEvent } = parts;
  const { recorded, changed } = await patiently(() => recordedStream(parts, name, policy));
  if (changed !== '') onEvent({ type: 'limits-changed', log: name, text: changed });
  const lineage = new Lineage({ log: name, api, records, recorded, onForked: (log, upTo) => onEvent({ type: 'forked', log, upTo }) });
  const { nc } = api.connection;
  const suspect = (): void => lineage.suspect();
  const advised = [...ADVISORIES.map((event) => `${event}.${streamName(name)}`), `DELETED.KV_${BUCKET}`];
  const advisories = advised.map((event) => nc.subscribe(`$JS.EVENT.ADVISORY.STREAM.${event}`, { callback: suspect }));
  const offWritten = records.onWritten(name, () => lineage.hinted());
  const timer = setInterval(suspect, CHECK_MS);
  timer.unref();
  const log = new NatsLog({
    name,
    policy,
    api,
    lineage,
    isForeign: name === REST_LOG ? isForeign : () => false,
    messageBytesMax: parts.options.messageBytesMax,
  });
  const end = (): void => {
    clearInterval(timer);
    offWritten();
    for (const advisory of advisories) advisory.unsubscribe();
    lineage.close();
    log.close();
  };
  try {
    await patiently(() => lineage.check());
  } catch (error) {
    end();
    throw error;
  }
  return { log, policy, end };
}

/** The stream and its record, made where neither was ever there. */
async function recordedStream(
  { api, records }: Parts,
  name: string,
  policy: StreamPolicy,
): Promise<{ recorded: Recorded; changed: string }> {
  // In this order: where there is a record, there was a stream before.
  const known = await records.get(name);
  const found = await findStream(api, name);
  if (known !== undefined && found === undefined) {
    const mend = `restore it, or begin a new history with restante log recreate ${name}`;
    throw new RestanteError('LOG_MISMATCH', `stream ${streamName(name)} is missing, though its history is recorded: ${mend}`);
  }
  const stream = found ?? (await createStream(api, name, policy));
  const limits = found === undefined ? [] : await fitStream(api, name, policy, found);
  const changed = limits.map(({ setting, is, wanted }) => `${setting} was ${is}, is now ${wanted}`).join('; ');
  return { recorded: known ?? (await firstRecord(records, name, stream)), changed };
}

async function firstRecord(records: LogRecords, name: string, { created }: StreamInfo): Promise<Recorded> {
  const record: LogRecord = { epochs: [{ epoch: newEpoch(), upTo: OPEN }], created, proofs: [], holes: [] };
  const revision = await records.put(name, record, undefined);
  if (revision !== undefined) return { record, revision };
  const other = await records.get(name);
  if (other === undefined) throw new RestanteError('LOG_UNAVAILABLE', `the record of log ${name} comes and goes`);
  return other;
}

/**
 * Takes the stream as it is for the log's history from now on, under a new epoch: after it was restored from a backup.
 * @throws RestanteError `LOG_MISMATCH`: there is no such stream · `LOG_UNAVAILABLE`
 */
export function adoptNatsLog(options: NatsBackendOptions, log: string): Promise<void> {
  return withParts(options, async ({ api, records }) => {
    const stream = await findStream(api, log);
    if (stream === undefined) throw new RestanteError('LOG_MISMATCH', `there is no stream ${streamName(log)}`);
    await beginEpoch(records, log, stream, stream.state.last_seq);
  });
}

/**
 * Deletes what there is of the log, and begins a new history in a new stream.
 * @throws RestanteError `LOG_UNAVAILABLE` · `LOG_MISMATCH`
 */
export function recreateNatsLog(options: NatsBackendOptions, log: string, policy: LogPolicy): Promise<void> {
  return withParts(options, async ({ api, records, replicas }) => {
    if ((await findStream(api, log)) !== undefined) await api.request(`STREAM.DELETE.${streamName(log)}`);
    await beginEpoch(records, log, await createStream(api, log, { replicas, ...policy }), 0);
  });
}

async function beginEpoch(records: LogRecords, log: string, { created }: StreamInfo, upTo: number): Promise<void> {
  for (;;) {
    const known = await records.get(log);
    const epoch = newEpoch();
    const record: LogRecord =
      known === undefined
        ? { epochs: [{ epoch, upTo: OPEN }], created, proofs: [], holes: [] }
        : { epochs: forkedAt(known.record.epochs, upTo, epoch), created, ...endingAt(known.record, upTo) };
    if ((await records.put(log, record, known?.revision)) !== undefined) return;
  }
}

async function withParts(options: NatsBackendOptions, work: (parts: Parts) => Promise<void>): Promise<void> {
  const connection = await connectNats(options);
  try {
    const replicas = replicasOf(options, connection);
    const api = new JetStreamApi(connection);
    await work({ options, api, records: await LogRecords.open(api, replicas), replicas, onEvent: () => undefined });
  } finally {
    await connection.close();
  }
}
