import { type Msg, type NatsConnection, RequestError, TimeoutError } from '@nats-io/transport-node';
import { RestanteError } from '@restante/protocol';
import { replicasFinding, wordsOf } from './faults.js';

/**
 * Requests to JetStream: the few that the log is made of, typed and bounded in time. Written against the protocol itself, because what
 * is needed of it is little and must be the same for the oldest and the newest server.
 */

export interface Connection {
  readonly nc: NatsConnection;
  readonly isConnected: boolean;
  /** @returns ends it */
  onReconnect(callback: () => void): () => void;
}

/** JetStream understood, and refused. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(subject: string, { code, err_code, description }: ApiFault) {
    super(`${subject}: ${description} (${err_code})`);
    this.status = code;
    this.code = err_code;
  }
}

interface ApiFault {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

const REQUEST_MS_MAX = 2_000;

export class JetStreamApi {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** @throws ApiError; RestanteError `LOG_UNAVAILABLE` where nobody answers in time */
  async request<T>(subject: string, body?: object, timeoutMs = REQUEST_MS_MAX): Promise<T> {
    const { nc, isConnected } = this.connection;
    if (!isConnected) throw new RestanteError('LOG_UNAVAILABLE', 'there is no connection to NATS');
    let reply: Msg;
    try {
      reply = await nc.request(`$JS.API.${subject}`, body === undefined ? '' : JSON.stringify(body), { timeout: timeoutMs });
    } catch (cause) {
      throw unavailable(cause);
    }
    const answer = reply.json<T & { readonly error?: ApiFault }>();
    if (answer.error !== undefined) throw refusalOf(new ApiError(subject, answer.error));
    return answer;
  }
}

/** What passes by itself is told so. */
function refusalOf(error: ApiError): Error {
  return error.status === 503
    ? new RestanteError('LOG_UNAVAILABLE', `JetStream cannot for now: ${error.message}`, { cause: error })
    : error;
}

export function unavailable(cause: unknown): RestanteError {
  const why =
    cause instanceof RequestError && cause.isNoResponders()
      ? 'JetStream does not answer: none runs, or none has been elected'
      : cause instanceof TimeoutError || (cause instanceof Error && cause.name === 'TimeoutError')
        ? 'JetStream did not answer in time'
        : `NATS cannot be asked: ${(cause as Error).message}`;
  return new RestanteError('LOG_UNAVAILABLE', why, { cause });
}

/** @throws what it is in words, where the servers cannot keep so many copies */
export function refuseReplicas(error: unknown, replicas: number): void {
  const finding = replicasFinding(error, replicas);
  if (finding === undefined) return;
  throw new RestanteError(finding.passing ? 'LOG_UNAVAILABLE' : 'BACKEND_REFUSED', wordsOf([finding]), { cause: error });
}

/** Servers that have just been started, all at once, elect and make streams for many seconds. */
const PATIENCE_MS = 20_000;

/** Tries again while nobody answers, up to a limit: for what is done once, at the start. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await work();
    } catch (error) {
      const isPassing = error instanceof RestanteError && error.code === 'LOG_UNAVAILABLE';
      if (!isPassing || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: string;
  readonly discard: string;
  readonly storage: string;
  readonly num_replicas: number;
  /** Nanoseconds; 0: no limit. */
  readonly max_age: number;
  /** −1: no limit. */
  readonly max_bytes: number;
  readonly duplicate_window: number;
  readonly [other: string]: unknown;
}

export interface StreamInfo {
  readonly config: StreamConfig;
  /** When the stream was made, to the nanosecond: another stream of the same name has another. */
  readonly created: string;
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly last_ts: string;
  };
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly name: string; readonly current: boolean }[] };
}

export interface RawMessage {
  readonly subject: string;
  readonly seq: number;
  readonly time: string;
  readonly hdrs?: string;
  readonly data?: string;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** JetStream's `2026-11-23T19:20:13.179221946Z` in nanoseconds since 1970; trailing zeros of the fraction may be missing. */
export function nanoseconds(iso: string): string {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(iso) ?? [];
  return `${Date.parse(`${seconds}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
}
