import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../launch/eventually.js';
import { type NatsVersion, natsBinary } from './binaries.js';
import type { ServerPlace, ServerSettings } from './configuration.js';
import type { ConsumerDetail, HealthPage, JetStreamPage, RoutesPage, StreamDetail } from './monitor.js';
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
  const nats = new Nats(folder, ports, servers);
  try {
    await nats.start();
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

  constructor(folder: string, ports: readonly number[], servers: readonly NatsServer[]) {
    this.servers = servers;
    this.#folder = folder;
    this.#ports = ports;
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

  /**
   * Waits until the servers that are awake are connected and healthy (their streams caught up) and, in a cluster, JetStream has a leader
   * that calls each of them current. That takes a majority of all servers.
   */
  async ready(): Promise<void> {
    const options = { timeoutMs: READY_TIMEOUT_MS };
    await eventually('the servers are healthy and connected', () => this.#isMeshed(), options);
    if (this.servers.length === 1 || !this.#awake.every(({ hasJetStream }) => hasJetStream)) return;
    await eventually('JetStream has a leader, and all servers are current', () => this.#isJetStreamReady(), options);
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

  /** Ends all that run. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await Promise.all(this.servers.filter(({ isRunning }) => isRunning).map((server) => server.kill(signal)));
  }

  /** Starts all that do not run, and waits until they are ready. */
  async start(): Promise<void> {
    await Promise.all(this.servers.filter(({ isRunning }) => !isRunning).map((server) => server.start()));
    await this.ready();
  }

  /** Kills those that still run, and removes their folder. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
    returnPorts(this.#ports);
  }

  async #isMeshed(): Promise<boolean> {
    const known = await this.#ask(async (server) => ((await isHealthy(server)) ? routesOf(server) : undefined));
    if (known.length < this.#awake.length) return false;
    const ids = new Set(known.map((server) => server?.server_id));
    return known.every((server) => server !== undefined && [...ids].every((id) => id === server.server_id || reaches(server, id)));
  }

  async #isJetStreamReady(): Promise<boolean> {
    const views = await this.#ask(async (server) => ({ server, meta: ((await server.monitor('jsz')) as JetStreamPage).meta_cluster }));
    const leading = views.find(({ server, meta }) => meta?.leader === server.name);
    if (views.length < this.#awake.length || leading?.meta?.replicas === undefined) return false;
    const upToDate = new Set(leading.meta.replicas.filter(({ current }) => current).map(({ name }) => name)).add(leading.server.name);
    return views.every(({ server, meta }) => meta?.leader === leading.server.name && upToDate.has(server.name));
  }

  async #streams(name: string): Promise<{ server: NatsServer; detail: StreamDetail }[]> {
    const found = await this.#ask(async (server) => {
      const page = (await server.monitor('jsz?accounts=1&streams=1&consumers=1')) as JetStreamPage;
      const details = (page.account_details ?? []).flatMap(({ stream_detail }) => stream_detail ?? []);
      return details.filter((detail) => detail.name === name).map((detail) => ({ server, detail }));
    });
    return found.flat();
  }

  get #awake(): NatsServer[] {
    return this.servers.filter(({ isAwake }) => isAwake);
  }

  /** Asks those that are awake; one that ends meanwhile has not answered. */
  async #ask<T>(question: (server: NatsServer) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled(this.#awake.map(question));
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
  return ((await server.monitor('healthz')) as HealthPage).status === 'ok';
}

async function routesOf(server: NatsServer): Promise<RoutesPage> {
  return (await server.monitor('routez')) as RoutesPage;
}

function reaches({ routes }: RoutesPage, id: string | undefined): boolean {
  return routes.some(({ remote_id }) => remote_id === id);
}
