import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../launch/eventually.js';
import { type NatsVersion, natsBinary } from './binaries.js';
import type { ServerPlace, ServerSettings } from './configuration.js';
import type { ConsumerDetail, JetStreamPage, StreamDetail } from './monitor.js';
import { NatsServer } from './nats-server.js';
import { returnPorts, takePorts } from './ports.js';

/**
 * Real nats-servers for a test: one or a cluster, the newest or the oldest that Restante works with, on ports and in a folder of their own.
 * Who leads what is read from their monitoring endpoints; the testkit knows no NATS client.
 */

export interface NatsOptions extends ServerSettings {
  /** Default: the newest. */
  readonly version?: NatsVersion;
  /** How many; default 1. More than one are a cluster. */
  readonly servers?: number;
}

/** 2.9 elects within 4 to 9 s, and may need a second round. */
const READY_TIMEOUT_MS = 60_000;

/** Starts them, and waits until they are ready. */
export async function launchNats(options: NatsOptions = {}): Promise<Nats> {
  const { version = 'newest', servers: count = 1, ...settings } = options;
  const command = await natsBinary(version);
  const folder = await mkdtemp(join(tmpdir(), 'restante-nats-'));
  const ports = await takePorts(count * 3);
  const places = Array.from({ length: count }, (_, i): ServerPlace => {
    const [clientPort = 0, monitorPort = 0, routePort = 0] = ports.slice(i * 3);
    const name = `nats-${i}`;
    return { name, storeFolder: join(folder, name), clientPort, monitorPort, ...(count > 1 && { routePort }) };
  });
  const servers = places.map((place) => new NatsServer(command, folder, place, places, settings));
  const nats = new Nats(folder, ports, servers, settings.jetStream !== false);
  try {
    await Promise.all(servers.map((server) => server.start()));
    await nats.ready();
  } catch (error) {
    await nats.stop();
    throw error;
  }
  return nats;
}

export class Nats {
  readonly servers: readonly NatsServer[];
  readonly #folder: string;
  readonly #ports: readonly number[];
  readonly #hasJetStream: boolean;

  constructor(folder: string, ports: readonly number[], servers: readonly NatsServer[], hasJetStream: boolean) {
    this.servers = servers;
    this.#folder = folder;
    this.#ports = ports;
    this.#hasJetStream = hasJetStream;
  }

  /** The first server's. */
  get url(): string {
    return this.server(0).url;
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  server(index: number): NatsServer {
    const server = this.servers[index];
    if (server === undefined) throw new Error(`there is no server ${index} of ${this.servers.length}`);
    return server;
  }

  /** Waits until the servers that are awake know each other and, in a cluster, JetStream has a leader that calls each of them up to date. */
  async ready(): Promise<void> {
    const timeoutMs = READY_TIMEOUT_MS;
    await eventually('the servers are healthy', async () => (await this.#ask((server) => isHealthy(server))).every(Boolean), { timeoutMs });
    if (this.servers.length > 1 && this.#hasJetStream) await eventually('JetStream is ready', () => this.#isJetStreamReady(), { timeoutMs });
  }

  /** The server that leads the stream's replicas: it says so itself. Waits until there is one. */
  async leaderOf(stream: string): Promise<NatsServer> {
    return eventually(
      `stream ${stream} has a leader`,
      async () => {
        const streams = await this.#streams(stream);
        return streams.find(({ server, detail }) => isLeader(server, detail))?.server;
      },
      { timeoutMs: READY_TIMEOUT_MS },
    );
  }

  /** The stream's consumers that a server leads now, ordered by name. */
  async consumersOf(stream: string): Promise<NatsConsumer[]> {
    const found: NatsConsumer[] = [];
    for (const { server, detail } of await this.#streams(stream)) {
      for (const consumer of detail.consumer_detail ?? []) {
        if (isLeader(server, consumer)) found.push(consumerOf(server, consumer));
      }
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Kills those that still run, and removes their folder. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.filter(({ isRunning }) => isRunning).map((server) => server.kill('SIGKILL')));
    await rm(this.#folder, { recursive: true, force: true });
    returnPorts(this.#ports);
  }

  async #isJetStreamReady(): Promise<boolean> {
    const awake = this.servers.filter(({ isAwake }) => isAwake);
    const pages = await this.#ask(async (server) => ({ server, meta: ((await server.monitor('jsz')) as JetStreamPage).meta_cluster }));
    const leading = pages.find(({ server, meta }) => meta?.leader === server.name);
    if (leading === undefined || pages.some(({ meta }) => meta?.leader !== leading.server.name)) return false;
    const current = new Set((leading.meta?.replicas ?? []).filter(({ current }) => current).map(({ name }) => name));
    return awake.every((server) => server === leading.server || current.has(server.name));
  }

  async #streams(name: string): Promise<{ server: NatsServer; detail: StreamDetail }[]> {
    const found = await this.#ask(async (server) => {
      const page = (await server.monitor('jsz?accounts=1&streams=1&consumers=1')) as JetStreamPage;
      const details = (page.account_details ?? []).flatMap(({ stream_detail }) => stream_detail ?? []);
      return details.filter((detail) => detail.name === name).map((detail) => ({ server, detail }));
    });
    return found.flat();
  }

  /** Asks those that are awake; one that ends meanwhile has not answered. */
  async #ask<T>(question: (server: NatsServer) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled(this.servers.filter(({ isAwake }) => isAwake).map(question));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }
}

export interface NatsConsumer {
  readonly name: string;
  /** The server that hosts it, or leads its replicas. */
  readonly server: NatsServer;
  /** Messages that it has yet to deliver. */
  readonly pending: number;
  /** Messages delivered and not acknowledged. */
  readonly ackPending: number;
}

function consumerOf(server: NatsServer, detail: ConsumerDetail): NatsConsumer {
  return { name: detail.name, server, pending: detail.num_pending, ackPending: detail.num_ack_pending };
}

/** What stands alone has no leader to name. */
function isLeader(server: NatsServer, { cluster }: StreamDetail | ConsumerDetail): boolean {
  return cluster === undefined || cluster.leader === server.name;
}

async function isHealthy(server: NatsServer): Promise<boolean> {
  return ((await server.monitor('healthz')) as { status: string }).status === 'ok';
}
