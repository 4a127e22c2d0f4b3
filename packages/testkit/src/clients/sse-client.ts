import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { Epochs, GapReason, Message } from '@restante/protocol';
import type { ReaderRecord } from '../history/record.js';
import { type Address, addressOf } from './address.js';
import { NotRetryable, Reconnecting } from './reconnecting.js';
import { type ResumeBy, Standing } from './resume.js';
import { type ServerSentEvent, SseParser } from './sse-parser.js';

/** A raw reader over SSE: the address never changes, and `Last-Event-ID` resumes, as a browser does it. One stream is one reader. */

export interface SseClientOptions {
  readonly url: Address;
  readonly record: ReaderRecord;
  readonly patterns: readonly string[];
  readonly catchUp: 'every' | 'latest';
  readonly after: string;
  readonly resumeBy: ResumeBy;
  readonly random?: () => number;
}

/** The server sends at least a comment every 15 s. */
const SILENCE_MS = 40_000;

export class SseClient {
  readonly #url: Address;
  readonly #query: string;
  readonly #standing: Standing;
  readonly #connection: Reconnecting;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  isLive = false;

  constructor({ url, record, patterns, catchUp, after, resumeBy, random = Math.random }: SseClientOptions) {
    const query = new URLSearchParams({ after, catchUp });
    for (const pattern of patterns) query.append('mailbox', pattern);
    this.#url = url;
    this.#query = query.toString();
    this.#standing = new Standing(record, resumeBy, after);
    this.#connection = new Reconnecting((signal) => this.#connect(signal), random);
  }

  get connections(): number {
    return this.#connection.connections;
  }

  get lastFailure(): unknown {
    return this.#connection.lastFailure;
  }

  seqIn(log: string, epochs?: Epochs): number {
    return this.#standing.seqIn(log, epochs);
  }

  pauseReading(): void {
    this.#response?.pause();
  }

  resumeReading(): void {
    this.#response?.resume();
  }

  drop(): void {
    this.#request?.destroy();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const standing = this.#standing;
    const headers = { accept: 'text/event-stream', ...(standing.hasBegun && { 'last-event-id': standing.after }) };
    // An agent of its own for every connection: nothing is shared, nothing is kept.
    const asked = request(`${addressOf(this.#url)}/v1/stream?${this.#query}`, { headers, agent: false, signal, timeout: SILENCE_MS });
    this.#request = asked;
    standing.connected();
    try {
      await new Promise<void>((resolve, reject) => {
        asked.on('timeout', () => asked.destroy(new Error('nothing heard for too long')));
        asked.on('error', reject);
        asked.on('response', (response) => {
          this.#response = response;
          response.on('error', reject).on('close', resolve);
          if (response.statusCode !== 200) void refused(response).then(reject, reject);
          else this.#read(response, reject);
        });
        asked.end();
      });
    } finally {
      this.isLive = false;
      asked.destroy();
    }
  }

  #read(response: IncomingMessage, reject: (error: unknown) => void): void {
    const decoder = new StringDecoder('utf8');
    let isFirst = true;
    const parser = new SseParser((event) => {
      this.#take(event, isFirst);
      isFirst = false;
    });
    response.on('data', (bytes: Buffer) => {
      try {
        parser.push(decoder.write(bytes));
      } catch (error) {
        reject(error);
      }
    });
  }

  #take({ id, event, data }: ServerSentEvent, isFirst: boolean): void {
    const standing = this.#standing;
    if (event === 'gap') {
      const { cursor, reason } = JSON.parse(data) as { cursor: string; reason: GapReason };
      standing.gap(cursor, reason);
    } else if (event === 'live') {
      standing.position((JSON.parse(data) as { cursor: string }).cursor);
      this.isLive = true;
    } else if (data !== '') standing.message(JSON.parse(data) as Message);
    if (id === undefined || event === 'gap') return;
    if (isFirst && data === '') standing.began(id, true);
    else standing.position(id);
  }
}

export async function refused(response: IncomingMessage): Promise<Error> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  const status = response.statusCode ?? 0;
  const detail = `${status}: ${text.slice(0, 500)}`;
  return status >= 400 && status < 500 && status !== 429 ? new NotRetryable(detail) : new Error(detail);
}
