import { matches, parsePattern } from '@restante/protocol';
import { readFinalLogs } from '../clients/final-read.js';
import { LongPollClient } from '../clients/long-poll-client.js';
import { Publisher } from '../clients/publisher.js';
import type { ResumeBy } from '../clients/resume.js';
import { SocketClient } from '../clients/socket-client.js';
import { SseClient } from '../clients/sse-client.js';
import { judge } from '../history/judge.js';
import type { FinalLog } from '../history/known.js';
import { Recorder } from '../history/record.js';
import type { Verdict } from '../history/verdict.js';
import { eventually } from '../launch/eventually.js';
import { launchRestante, type RestanteOptions, type RestanteProcess } from '../launch/restante.js';

/** A server, publishers, raw readers and the history of it all: what the tests in `test/` have in common. */

export const TRANSPORTS = ['socket', 'sse', 'long-poll'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface FollowOptions {
  readonly transport: Transport;
  readonly pattern: string;
  readonly catchUp?: 'every' | 'latest';
  readonly after?: string;
  readonly resumeBy?: ResumeBy;
  /** Messages in one page of a long poll; default: the most there can be. */
  readonly limit?: number;
  /** Default: the server's own; a proxy's, where the network is to be bad. */
  readonly url?: string;
}

export type Follower = SocketClient | SseClient | LongPollClient;

interface Following {
  readonly name: string;
  readonly pattern: string;
  readonly client: Follower;
  readonly end: () => void;
}

export async function openScene(options: RestanteOptions & { readonly random?: () => number } = {}): Promise<Scene> {
  return new Scene(await launchRestante(options), options.random ?? Math.random);
}

export class Scene {
  readonly server: RestanteProcess;
  readonly recorder = new Recorder();
  readonly #random: () => number;
  readonly #following: Following[] = [];
  readonly #publishers: Publisher[] = [];

  constructor(server: RestanteProcess, random: () => number) {
    this.server = server;
    this.#random = random;
  }

  publisher(name = 'p'): Publisher {
    const publisher = new Publisher({ url: this.server.url, name, recorder: this.recorder });
    this.#publishers.push(publisher);
    return publisher;
  }

  follow({
    transport,
    pattern,
    catchUp = 'every',
    after = 'earliest',
    resumeBy = 'position',
    limit,
    url = this.server.url,
  }: FollowOptions): Follower {
    const name = `${this.#following.length}: ${transport} ${pattern} ${catchUp} by ${resumeBy}`;
    const record = this.recorder.reader(name, [pattern], catchUp);
    const shared = { url, record, pattern, catchUp, after, resumeBy, random: this.#random };
    const client =
      transport === 'socket'
        ? new SocketClient({ url, random: this.#random, subscriptions: [shared] })
        : transport === 'sse'
          ? new SseClient({ ...shared, patterns: [pattern] })
          : new LongPollClient({ ...shared, ...(limit !== undefined && { limit }) });
    this.#following.push({ name, pattern, client, end: () => record.end() });
    return client;
  }

  /** Waits until every reader has received the newest message that concerns it, and lets the judge speak. @throws what the judge found */
  async finish(options: { readonly timeoutMs?: number } = {}): Promise<Extract<Verdict, { ok: true }>> {
    const finals = await readFinalLogs(this.server.url, '/**');
    const late = await this.#waitForReaders(finals, options.timeoutMs ?? 20_000);
    for (const { end } of this.#following) end();
    await this.#stopReaders();
    const verdict = judge(this.recorder.events, finals);
    if (!verdict.ok) throw new Error([verdict.text, ...late].join('\n'));
    if (late.length > 0) throw new Error(`nothing is missing, but these never got so far:\n${late.join('\n')}`);
    return verdict;
  }

  async close(): Promise<void> {
    await this.#stopReaders();
    for (const publisher of this.#publishers) publisher.close();
    await this.server.stop();
  }

  /** @returns who did not get there in time: the judge will say what each of them misses. */
  async #waitForReaders(finals: readonly FinalLog[], timeoutMs: number): Promise<string[]> {
    const goals = this.#following.map((following) => ({ ...following, newest: newestMatching(finals, following.pattern) }));
    const behind = (): string[] =>
      goals
        .filter(({ client, newest }) => newest.some(({ log, seq }) => client.seqIn(log) < seq))
        .map(({ name, client, newest }) => {
          const where = newest.map(({ log, seq }) => `${log} ${client.seqIn(log)} of ${seq}`).join(', ');
          return `${name}: ${where}; ${client.connections} connections, last failure ${String(client.lastFailure)}`;
        });
    try {
      await eventually('every reader at the end', () => behind().length === 0, { timeoutMs });
      return [];
    } catch {
      return behind();
    }
  }

  async #stopReaders(): Promise<void> {
    await Promise.all(this.#following.map(({ client }) => client.stop()));
  }
}

function newestMatching(finals: readonly FinalLog[], text: string): { log: string; seq: number }[] {
  const pattern = parsePattern(text);
  return finals.flatMap(({ log, entries }) => {
    const newest = entries.findLast(({ mailbox }) => matches(pattern, mailbox));
    return newest === undefined ? [] : [{ log, seq: newest.seq }];
  });
}
