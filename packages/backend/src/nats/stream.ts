import { RestanteError } from '@restante/protocol';
import type { Finding } from '../backend.js';
import type { LogPolicy } from '../log.js';
import { ApiError, isNotFound, type JetStreamApi, refuseReplicas, type StreamConfig, type StreamInfo } from './api.js';
import { streamName, streamSubjects } from './subjects.js';

/**
 * The stream of one log: what it must be, what may differ, and making it. What a stream is for its whole life must be as it would have been
 * made; limits follow the configuration, and the process that was started last sets them.
 */

/** Own repeats of what was not acknowledged are recognised for at least so long, however short the ids of publishers are remembered. */
export const WINDOW_MS_MIN = 120_000;
const NS_PER_MS = 1_000_000;

export interface StreamPolicy extends LogPolicy {
  readonly replicas: number;
}

export function windowMs({ idWindowMs, ageMs }: LogPolicy): number {
  // JetStream refuses a window that is longer than messages live.
  return Math.min(Math.max(idWindowMs, WINDOW_MS_MIN), ageMs ?? Number.POSITIVE_INFINITY);
}

function configOf(log: string, policy: StreamPolicy): StreamConfig {
  return {
    name: streamName(log),
    description: `Restante: the log ${log}`,
    subjects: streamSubjects(log),
    retention: 'limits',
    discard: 'old',
    storage: 'file',
    num_replicas: policy.replicas,
    max_age: policy.ageMs === undefined ? 0 : policy.ageMs * NS_PER_MS,
    max_bytes: policy.bytes ?? -1,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    duplicate_window: windowMs(policy) * NS_PER_MS,
    allow_direct: false,
    allow_rollup_hdrs: false,
  };
}

/** For its whole life; each with what it is called where it is set. */
const FIXED = {
  subjects: 'its subjects',
  retention: 'retention',
  discard: 'discard',
  storage: 'storage',
  max_msgs: 'max_msgs',
  max_msgs_per_subject: 'max_msgs_per_subject',
  allow_rollup_hdrs: 'allow_rollup_hdrs',
} as const;
/** Follow the configuration. */
const LIMITS = {
  max_age: 'history.age',
  max_bytes: 'history.bytes',
  duplicate_window: 'idWindowMs',
  num_replicas: 'replicas',
} as const;

export interface Difference {
  readonly setting: string;
  readonly is: string;
  readonly wanted: string;
}

function differences(found: StreamConfig, wanted: StreamConfig, names: Readonly<Record<string, string>>): Difference[] {
  return Object.entries(names)
    .map(([key, setting]) => ({ setting, is: shown(key, found[key]), wanted: shown(key, wanted[key]) }))
    .filter(({ is, wanted: should }) => is !== should);
}

function shown(key: string, value: unknown): string {
  if (Array.isArray(value)) return [...(value as string[])].sort((a, b) => (a < b ? -1 : 1)).join(' ');
  if (key === 'max_age' || key === 'duplicate_window')
    return value === 0 || value === undefined ? 'no limit' : `${Number(value) / NS_PER_MS} ms`;
  if (key === 'max_bytes') return value === -1 || value === undefined ? 'no limit' : `${Number(value)} bytes`;
  // What a server leaves out is false or without limit.
  if (key.startsWith('max_msgs')) return JSON.stringify(value ?? -1);
  if (key === 'allow_rollup_hdrs') return JSON.stringify(value ?? false);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function fixedDifferences(found: StreamConfig, log: string, policy: StreamPolicy): Difference[] {
  return differences(found, configOf(log, policy), FIXED);
}

function limitDifferences(found: StreamConfig, log: string, policy: StreamPolicy): Difference[] {
  return differences(found, configOf(log, policy), LIMITS);
}

function inWords(all: readonly Difference[]): string {
  return all.map(({ setting, is, wanted }) => `${setting} is ${is} where ${wanted} is wanted`).join('; ');
}

/** @throws RestanteError `LOG_MISMATCH` · `LOG_UNAVAILABLE` */
export async function createStream(api: JetStreamApi, log: string, policy: StreamPolicy): Promise<StreamInfo> {
  const name = streamName(log);
  try {
    return await api.request<StreamInfo>(`STREAM.CREATE.${name}`, configOf(log, policy), 5_000);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    refuseReplicas(error, policy.replicas);
    const [wide] = error.code === 10_065 ? ['another stream takes the same subjects'] : [error.message];
    throw new RestanteError('LOG_MISMATCH', `stream ${name} cannot be made: ${wide}`, { cause: error });
  }
}

/** @returns undefined where there is none. @throws RestanteError `LOG_UNAVAILABLE` */
export async function findStream(api: JetStreamApi, log: string): Promise<StreamInfo | undefined> {
  try {
    return await api.request<StreamInfo>(`STREAM.INFO.${streamName(log)}`);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Brings the limits to what is configured. @returns what was changed
 * @throws RestanteError `LOG_MISMATCH`: it is a stream of another kind
 */
export async function fitStream(
  api: JetStreamApi,
  log: string,
  policy: StreamPolicy,
  { config }: StreamInfo,
): Promise<readonly Difference[]> {
  const fixed = fixedDifferences(config, log, policy);
  if (fixed.length > 0) {
    const mend = `make it anew with restante log recreate ${log}, which loses its messages, or give it these settings`;
    throw new RestanteError('LOG_MISMATCH', `stream ${streamName(log)} is not as Restante makes it: ${inWords(fixed)}; ${mend}`);
  }
  const limits = limitDifferences(config, log, policy);
  if (limits.length === 0) return limits;
  try {
    await api.request(`STREAM.UPDATE.${streamName(log)}`, { ...config, ...configOf(log, policy) }, 5_000);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    refuseReplicas(error, policy.replicas);
    throw new RestanteError('LOG_MISMATCH', `stream ${streamName(log)} does not take the limits of the configuration: ${error.message}`, {
      cause: error,
    });
  }
  return limits;
}

/** What `doctor` says of a stream. */
export function streamFindings(log: string, policy: StreamPolicy, { config, cluster }: StreamInfo): Finding[] {
  const subject = `log ${log}`;
  const findings: Finding[] = [];
  const fixed = fixedDifferences(config, log, policy);
  if (fixed.length > 0) {
    const mend = `restante log recreate ${log} makes it anew and loses its messages`;
    findings.push({ state: 'bad', subject, text: `stream ${config.name} is not as Restante makes it: ${inWords(fixed)}; ${mend}` });
  }
  const limits = limitDifferences(config, log, policy);
  if (limits.length > 0) {
    const mend = 'whoever was started last has set it, so two configurations disagree; give all processes the same file';
    findings.push({ state: 'bad', subject, text: `${inWords(limits)}: ${mend}` });
  }
  const behind = (cluster?.replicas ?? []).filter(({ current }) => !current).map(({ name }) => name);
  if (behind.length > 0) findings.push({ state: 'note', subject, text: `these copies lag behind: ${behind.join(', ')}` });
  return findings;
}
