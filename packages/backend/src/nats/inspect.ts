import { currentEpoch } from '@restante/protocol';
import type { Finding } from '../backend.js';
import type { LogPolicy } from '../log.js';
import { isNotFound, type JetStreamApi, nanoseconds, type RawMessage, type StreamInfo } from './api.js';
import { connectNats, diagnoseNats } from './connect.js';
import type { NatsBackendOptions } from './options.js';
import { floorBelow, type LogRecord, type LogRecords } from './record.js';
import { findStream, type StreamPolicy, streamFindings } from './stream.js';
import { addressedBy, streamName } from './subjects.js';

/**
 * What `doctor` finds on NATS: each server that is named, what JetStream has room for, and of each log whether its stream is there, what it
 * is, and what history is recorded of it. Only looks: a stream that is not there is not made, and limits that differ stay as they are.
 */

export interface Inspected {
  readonly options: NatsBackendOptions;
  readonly api: JetStreamApi;
  readonly records: LogRecords;
  /** Where a log's policy has none. */
  readonly replicas: number;
}

export async function* inspectNats(inspected: Inspected, logs: ReadonlyMap<string, LogPolicy>): AsyncGenerator<Finding> {
  const { options, api, records, replicas } = inspected;
  try {
    for (const server of options.servers) yield* serverFindings({ ...options, servers: [server], name: `${options.name}, a look` });
    yield await roomFinding(api);
    for (const [log, policy] of logs) yield* logFindings(inspected, log, { replicas, ...policy });
    for (const log of await records.names()) {
      const text = 'is recorded, and no namespace of this configuration has it: one was taken out, or another configuration names it';
      if (!logs.has(log)) yield { state: 'note', subject: `log ${log}`, text };
    }
  } catch (error) {
    yield { state: 'bad', subject: 'nats', text: (error as Error).message };
  }
}

/** @param options with this one server */
async function* serverFindings(options: NatsBackendOptions): AsyncGenerator<Finding> {
  const faults = await diagnoseNats(options);
  for (const { subject, text } of faults) yield { state: 'bad', subject, text };
  if (faults.length > 0) return;
  const connection = await connectNats(options);
  const { info } = connection.nc;
  await connection.close();
  const [server = ''] = options.servers;
  const cluster = info?.cluster === undefined ? 'alone' : `in cluster ${info.cluster}`;
  const text = `${server}: nats-server ${info?.version}, ${cluster}, with JetStream; max_payload is ${info?.max_payload} bytes`;
  yield { state: 'ok', subject: 'nats', text };
}

interface AccountInfo {
  readonly storage: number;
  readonly streams: number;
  readonly limits: { readonly max_storage: number; readonly max_streams: number };
}

async function roomFinding(api: JetStreamApi): Promise<Finding> {
  const { storage, streams, limits } = await api.request<AccountInfo>('INFO');
  const of = limits.max_storage < 0 ? 'no limit for this account' : `${limits.max_storage} bytes allowed`;
  return { state: 'ok', subject: 'jetstream', text: `${streams} streams, ${storage} bytes stored, ${of}` };
}

async function* logFindings({ api, records }: Inspected, log: string, policy: StreamPolicy): AsyncGenerator<Finding> {
  const subject = `log ${log}`;
  const [recorded, stream] = await Promise.all([records.get(log), findStream(api, log)]);
  if (stream === undefined) {
    const mend = `restore it from a backup and run restante log adopt ${log}, or begin anew with restante log recreate ${log}`;
    yield recorded === undefined
      ? { state: 'note', subject, text: `stream ${streamName(log)} is not there yet: the first start makes it` }
      : { state: 'bad', subject, text: `stream ${streamName(log)} is missing, though its history is recorded: ${mend}` };
    return;
  }
  yield* streamFindings(log, policy, stream);
  yield {
    state: 'ok',
    subject,
    text: `${recorded === undefined ? 'no history recorded yet' : historyOf(recorded.record, stream)}; ${sizeOf(stream)}`,
  };
  if (recorded !== undefined && !(await holdsRecorded(api, log, recorded.record, stream))) {
    const text = 'the stream holds another history than was recorded: the next process that looks begins a new epoch, and readers are told';
    yield { state: 'note', subject, text };
  }
  const skipped = await skippedIn(api, log);
  if (skipped !== undefined) yield { state: 'note', subject, text: skipped };
}

function historyOf({ epochs, holes }: LogRecord, { state }: StreamInfo): string {
  const first = state.messages === 0 ? state.last_seq + 1 : state.first_seq;
  return `epoch ${currentEpoch(epochs)} (${epochs.length} in its line), head ${state.last_seq}, floor ${Math.max(0, floorBelow(first, holes))}`;
}

function sizeOf({ config, state }: StreamInfo): string {
  const { storage, num_replicas: replicas } = config;
  const where = replicas === 1 ? 'on one server' : `on ${replicas} servers, of which ${Math.floor((replicas - 1) / 2)} may be lost`;
  return `${state.messages} entries in ${state.bytes} bytes, storage ${storage}, ${where}`;
}

const EXAMPLES_MAX = 3;

/** Is it the stream that was recorded, with the newest entry that was recorded of it? An entry that was erased since proves nothing. */
async function holdsRecorded(api: JetStreamApi, log: string, { created, proofs }: LogRecord, stream: StreamInfo): Promise<boolean> {
  const newest = proofs.at(-1);
  if (stream.created !== created) return false;
  if (newest === undefined) return true;
  if (newest.seq > stream.state.last_seq) return false;
  try {
    const { message } = await api.request<{ readonly message: RawMessage }>(`STREAM.MSG.GET.${streamName(log)}`, { seq: newest.seq });
    return nanoseconds(message.time) === newest.timeNs;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/** Messages under names that are none: every reader leaves them out. Of the subjects that the server tells at once. */
async function skippedIn(api: JetStreamApi, log: string): Promise<string | undefined> {
  const { state } = await api.request<{ readonly state: { readonly subjects?: Readonly<Record<string, number>> } }>(
    `STREAM.INFO.${streamName(log)}`,
    { subjects_filter: '>' },
    10_000,
  );
  const strange = Object.entries(state.subjects ?? {}).filter(([subject]) => addressedBy(log, subject) === undefined);
  if (strange.length === 0) return undefined;
  const count = strange.reduce((sum, [, messages]) => sum + messages, 0);
  const examples = strange.slice(0, EXAMPLES_MAX).map(([subject]) => JSON.stringify(subject));
  return `${count} messages are skipped, because their subjects are no names of mailboxes: ${examples.join(', ')}${strange.length > EXAMPLES_MAX ? ', …' : ''}`;
}
