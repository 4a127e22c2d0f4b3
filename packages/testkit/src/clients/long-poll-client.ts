import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Epochs } from '@restante/protocol';
import type { Page } from '@restante/protocol/schemas';
import type { ReaderRecord } from '../history/record.js';
import { type Address, addressOf } from './address.js';
import { Reconnecting } from './reconnecting.js';
import { type ResumeBy, Standing } from './resume.js';
import { refused } from './sse-client.js';

/** A raw reader by long poll: one page after another, each from where the one before ended. Every page is a connection of its own to the judge. */

export interface LongPollClientOptions {
  readonly url: Address;
  readonly record: ReaderRecord;
  readonly pattern: string;
  readonly catchUp: 'every' | 'latest';
  readonly after: string;
  readonly resumeBy: ResumeBy;
  readonly waitSeconds?: number;
  readonly limit?: number;
  readonly random?: () => number;
}

export class LongPollClient {
  readonly #options: LongPollClientOptions;
  readonly #standing: Standing;
  readonly #connection: Reconnecting;
  #request: ClientRequest | undefined;
  pages = 0;

  constructor(options: LongPollClientOptions) {
    this.#options = options;
    this.#standing = new Standing(options.record, options.resumeBy, options.after);
    this.#connection = new Reconnecting((signal) => this.#pages(signal), options.random ?? Math.random);
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

  drop(): void {
    this.#request?.destroy();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  /** Pages over one kept connection, until it breaks. */
  async #pages(signal: AbortSignal): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = addressOf(this.#options.url);
    try {
      while (!signal.aborted) await this.#page(url, agent, signal);
    } finally {
      agent.destroy();
    }
  }

  async #page(url: string, agent: Agent, signal: AbortSignal): Promise<void> {
    const { pattern, catchUp, waitSeconds = 20, limit = 1_000 } = this.#options;
    const standing = this.#standing;
    const query = new URLSearchParams({ after: standing.after, catchUp, wait: `${waitSeconds}`, limit: `${limit}` });
    standing.connected();
    const page = await this.#get(`${url}/v1/mailboxes${pattern}?${query.toString()}`, agent, signal);
    this.pages++;
    if (!page.complete) standing.gap(undefined, page.reason ?? 'history');
    for (const message of page.messages) standing.message(message);
    standing.position(page.next);
  }

  async #get(url: string, agent: Agent, signal: AbortSignal): Promise<Page> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(url, { agent, signal, timeout: 90_000 });
      this.#request = asked;
      asked.on('timeout', () => asked.destroy(new Error('no answer')));
      asked.on('error', reject).on('response', resolve).end();
    });
    if (response.statusCode !== 200) throw await refused(response);
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as Page;
  }
}
