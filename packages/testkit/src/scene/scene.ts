import { type Epochs, matches, parsePattern } from '@restante/protocol';
import type { Address } from '../clients/address.js';
import { readFinalLogs } from '../clients/final-read.js';
import { HttpSender } from '../clients/http-sender.js';
import { LongPollClient } from '../clients/long-poll-client.js';
import { Publisher, type Sender } from '../clients/publisher.js';
import type { ResumeBy } from '../clients/resume.js';
import { SocketClient } from '../clients/socket-client.js';
import { SseClient } from '../clients/sse-client.js';
import { judge } from '../history/judge.js';
import type { FinalLog } from '../history/known.js';
import { Recorder, type ReaderRecord } from '../history/record.js';
import type { Verdict } from '../history/verdict.js';
import { eventually } from '../launch/eventually.js';
import { launchRestante, type RestanteOptions, type RestanteProcess } from '../launch/restante.js';

/** Servers, publishers, raw readers and the history of it all: what the tests in `test/` have in common, with one server or with a cluster. */

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
  /** Default: at each connection another edge that runs; a proxy's, where the network is to be bad. */
  readonly url?: Address;
}

export type Follower = SocketClient | SseClient | LongPollClient;

/** Somebody who reads, and whom the end of the scene waits for. */
export interface Following {
  readonly name: string;
  readonly pattern: string;
  readonly record: ReaderRecord;
  readonly client: {
    /** How far it has come. @param epochs the log's line: a place in a history that is gone is none */
    seqIn(log: string, epochs?: Epochs): number;
    stop(): Promise<void>;
    readonly connections?: number;
    readonly lastFailure?: unknown;
  };
}

/** Where a scene's clients go. */
export interface Servers {
  readonly edges: readonly RestanteProcess[];
  readonly gateways: readonly RestanteProcess[];
}

export interface FinishOptions {
  readonly timeoutMs?: number;
  /** The whole line of epochs of logs that have more than one. */
  readonly epochs?: ReadonlyMap<string, Epochs>;
}

export async function openScene(options: RestanteOptions & { readonly random?: () => number } = {}): Promise<Scene> {
  const server = await launchRestante(options);
  return new Scene({ edges: [server], gateways: [server] }, options.random ?? Math.random);
}

export class Scene {
  readonly recorder = new Recorder();
  readonly following: Following[] = [];
  readonly #servers: Servers;
  readonly #random: () => number;
  readonly #publishers: Publisher[] = [];

  constructor(servers: Servers, random: () => number) {
    this.#servers = servers;
    this.#random = random;
  }

  /** The only one, or the first edge. */
  get server(): RestanteProcess {
    const [server] = this.#servers.edges;
    if (server === undefined) throw new Error('there is no edge');
    return server;
  }

  /** Of any edge that runs, as a load balancer would choose. @param other rather not this one */
  edgeUrl(other?: string): string {
    return this.#any(this.#servers.edges, other);
  }

  /** Of any gateway that runs. */
  gatewayUrl(): string {
    return this.#any(this.#servers.gateways);
  }

  /** @param sender default: HTTP, to any gateway that runs */
  publisher(name = 'p', sender: Sender = new HttpSender(() => this.gatewayUrl())): Publisher {
    const publisher = new Publisher({ sender, name, recorder: this.recorder });
    this.#publishers.push(publisher);
    return publisher;
  }

  follow({ transport, pattern, catchUp = 'every', after = 'earliest', resumeBy = 'position', limit, url }: FollowOptions): Follower {
    const name = `${this.following.length}: ${transport} ${pattern} ${catchUp} by ${resumeBy}`;
    const record = this.recorder.reader(name, [pattern], catchUp);
    const shared = { url: url ?? this.#wandering(), record, pattern, catchUp, after, resumeBy, random: this.#random };
    const client =
      transport === 'socket'
        ? new SocketClient({ url: shared.url, random: this.#random, subscriptions: [shared] })
        : transport === 'sse'
          ? new SseClient({ ...shared, patterns: [pattern] })
          : new LongPollClient({ ...shared, ...(limit !== undefined && { limit }) });
    this.join({ name, pattern, record, client });
    return client;
  }

  /** A reader of another kind, recorded by this scene's recorder. */
  join(following: Following): void {
    this.following.push(following);
  }

  /** Waits until every reader has received the newest message that concerns it, and lets the judge speak. @throws what the judge found */
  async finish({ timeoutMs = 20_000, epochs }: FinishOptions = {}): Promise<Extract<Verdict, { ok: true }>> {
    const finals = await readFinalLogs(this.edgeUrl(), '/**', epochs);
    const late = await this.#waitForReaders(finals, timeoutMs);
    for (const { record } of this.following) record.end();
    await this.stopReaders();
    const verdict = judge(this.recorder.events, finals);
    if (!verdict.ok) throw new Error([verdict.text, ...late].join('\n'));
    if (late.length > 0) throw new Error(`nothing is missing, but these never got so far:\n${late.join('\n')}`);
    return verdict;
  }

  async close(): Promise<void> {
    await this.stopReaders();
    for (const publisher of this.#publishers) publisher.close();
    await Promise.all([...new Set([...this.#servers.edges, ...this.#servers.gateways])].map((server) => server.stop()));
  }

  async stopReaders(): Promise<void> {
    await Promise.all(this.following.map(({ client }) => client.stop()));
  }

  /** @returns who did not get there in time: the judge will say what each of them misses. */
  async #waitForReaders(finals: readonly FinalLog[], timeoutMs: number): Promise<string[]> {
    const goals = this.following.map((following) => ({ ...following, newest: newestMatching(finals, following.pattern) }));
    const behind = (): string[] =>
      goals
        .filter(({ client, newest }) => newest.some(({ log, epochs, seq }) => client.seqIn(log, epochs) < seq))
        .map(({ name, client, newest }) => {
          const where = newest.map(({ log, epochs, seq }) => `${log} ${client.seqIn(log, epochs)} of ${seq}`).join(', ');
          return `${name}: ${where}; ${client.connections ?? 'its own'} connections, last failure ${String(client.lastFailure)}`;
        });
    try {
      await eventually('every reader at the end', () => behind().length === 0, { timeoutMs });
      return [];
    } catch {
      return behind();
    }
  }

  /** At each connection another edge than at the one before, where there is another. */
  #wandering(): Address {
    let last: string | undefined;
    return () => (last = this.edgeUrl(last));
  }

  /** Where none runs, one that does not: whoever connects is refused, and tries again. */
  #any(servers: readonly RestanteProcess[], other?: string): string {
    const awake = servers.filter(({ isAwake }) => isAwake);
    const others = awake.filter(({ url }) => url !== other);
    const candidates = [others, awake, servers].find((some) => some.length > 0) ?? [];
    const chosen = candidates[Math.floor(this.#random() * candidates.length)];
    if (chosen === undefined) throw new Error('there is no server');
    return chosen.url;
  }
}

function newestMatching(finals: readonly FinalLog[], text: string): { log: string; epochs: Epochs; seq: number }[] {
  const pattern = parsePattern(text);
  return finals.flatMap(({ log, epochs, entries }) => {
    const newest = entries.findLast(({ mailbox }) => matches(pattern, mailbox));
    return newest === undefined ? [] : [{ log, epochs, seq: newest.seq }];
  });
}
