import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, eventually, launchNats, type Nats } from '@restante/testkit';
import { CORES } from '../processes/child.js';
import { startWorker, type Worker } from '../processes/worker.js';
import type { ClusterCommands, ClusterResults } from './load/commands.js';
import type { YardstickCommands, YardstickResults } from './yardstick/commands.js';

/** A cluster of real processes on loopback: NATS servers, and edges, routers and gateways that share one configuration. Each is pinned to a core. */

export type Role = 'edge' | 'router' | 'gateway';

/** On which core each kind runs; nothing: the scheduler decides. */
export type Placement = Readonly<Partial<Record<Role | 'nats', number>>>;

/** Restante has one core; JetStream shares the other with the load. */
export const SYSTEM_APART: Placement = { edge: CORES.server, router: CORES.server, gateway: CORES.server, nats: CORES.load };
/** Who publishes has one core; JetStream and the load have the other. */
export const PUBLISHER_APART: Placement = { gateway: CORES.server, nats: CORES.load };

export interface ClusterOptions {
  readonly placement: Placement;
  readonly natsServers?: number;
  /** Of a router's memory and of an edge's ring. */
  readonly memory?: { readonly hotTailBytes: string; readonly ringBytes: string };
  /** A folder: each process of Restante leaves a CPU profile there. */
  readonly profiles?: string | undefined;
}

export type ClusterLoad = Worker<ClusterCommands, ClusterResults>;
export type Yardstick = Worker<YardstickCommands, YardstickResults>;

/** The one namespace of the suite. */
export const LOG = 'load';
const COMMAND = fileURLToPath(new URL('../../../services/restante/bin/restante.js', import.meta.url));
const LOAD = fileURLToPath(new URL('../../dist/cluster/load/main.js', import.meta.url));
const YARDSTICK = fileURLToPath(new URL('../../dist/cluster/yardstick/main.js', import.meta.url));
/** Bounded, so that no run fills the disk; far more than any reader of the suite goes back. */
const HISTORY_BYTES = '2GiB';
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;

export class RoleProcess {
  readonly role: Role;
  readonly #child: Child;
  readonly #said: string;

  constructor(role: Role, child: Child, said: string) {
    this.role = role;
    this.#child = child;
    this.#said = said;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Where clients reach it; a router has none. */
  get port(): number {
    return Number(/listens on https?:\/\/\S+:(\d+)/.exec(this.#said)?.[1]);
  }

  /** One metric of the log of the suite, or of the process. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`${this.#adminUrl}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.#adminUrl}/readyz`)).ok;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal);
  }

  async kill(): Promise<void> {
    await this.#child.kill('SIGKILL');
  }

  /** By SIGTERM, so that a profile is written. */
  async stop(): Promise<void> {
    if (!this.#child.isRunning) return;
    const timer = setTimeout(() => void this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.#child.kill('SIGTERM');
    clearTimeout(timer);
  }

  get #adminUrl(): string {
    return /Health and metrics: (\S+)\/metrics/.exec(this.#said)?.[1] as string;
  }
}

export class Cluster {
  readonly nats: Nats;
  readonly #options: ClusterOptions;
  readonly #folder: string;
  readonly #roles = new Set<RoleProcess>();
  readonly #workers: { stop(): Promise<void> }[] = [];

  private constructor(nats: Nats, folder: string, options: ClusterOptions) {
    this.nats = nats;
    this.#folder = folder;
    this.#options = options;
  }

  static async open(options: ClusterOptions): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'restante-bench-'));
    const history = `{ age: 1d, bytes: ${HISTORY_BYTES} }`;
    await writeFile(join(folder, 'restante.yaml'), `namespaces:\n  ${LOG}: { read: public, publish: public, history: ${history} }\n`);
    const nats = await launchNats({ servers: options.natsServers ?? 1 });
    const cluster = new Cluster(nats, folder, options);
    cluster.pinNats();
    return cluster;
  }

  /** Again after a server was started again. */
  pinNats(): void {
    const core = this.#options.placement.nats;
    if (core === undefined) return;
    for (const { pid } of this.nats.servers.filter(({ isRunning }) => isRunning))
      execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
  }

  /** Starts so many of a kind, side by side, and waits until each is ready. */
  start(role: Role, count = 1): Promise<RoleProcess[]> {
    return Promise.all(Array.from({ length: count }, () => this.#start(role)));
  }

  async #start(role: Role): Promise<RoleProcess> {
    const { placement, memory, profiles } = this.#options;
    const core = placement[role];
    const pin = core === undefined ? [] : ['taskset', '-c', String(core)];
    const flags = profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles];
    const settings = ['--config', join(this.#folder, 'restante.yaml'), '--host', '127.0.0.1', '--port', '0', '--admin-port', '0'];
    const limits = memory === undefined ? [] : ['--hot-tail-bytes', memory.hotTailBytes, '--ring-bytes', memory.ringBytes];
    const backend = ['--drain-ms', '0ms', '--backend', this.nats.urls.join(',')];
    const command = [...pin, process.execPath, ...flags, COMMAND, role, ...settings, ...limits, ...backend];
    const [file, ...args] = command as [string, ...string[]];
    const child = new Child({ command: file, args, cwd: this.#folder, env: { NODE_ENV: 'production', NODE_OPTIONS: '' } });
    const { input } = await child.says(/Health and metrics: \S+/, START_MS_MAX);
    const one = new RoleProcess(role, child, input);
    this.#roles.add(one);
    await eventually(`a ${role} is ready`, () => one.isReady(), { timeoutMs: START_MS_MAX });
    return one;
  }

  load(core: number | undefined = CORES.load): ClusterLoad {
    const load = startWorker<ClusterCommands, ClusterResults>(LOAD, { core });
    this.#workers.push(load);
    return load;
  }

  async yardstick(core: number | undefined): Promise<Yardstick> {
    const yardstick = startWorker<YardstickCommands, YardstickResults>(YARDSTICK, { core });
    this.#workers.push(yardstick);
    await yardstick.run('connect', { urls: this.nats.urls });
    return yardstick;
  }

  async stop(): Promise<void> {
    // Who listens goes first: a server that drains would wait for its clients.
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await Promise.all([...this.#roles].map((role) => role.stop()));
    await this.nats.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Opens a cluster for one scenario and stops it whatever happens. */
export async function inCluster<T>(options: ClusterOptions, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await Cluster.open(options);
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}
