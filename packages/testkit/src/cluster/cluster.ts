import type { Epochs } from '@restante/protocol';
import { NatsSender } from '../clients/nats-sender.js';
import type { Publisher } from '../clients/publisher.js';
import { eventually } from '../launch/eventually.js';
import { prepareRestante, type RestanteProcess, type Role } from '../launch/restante.js';
import { launchNats, type Nats } from '../nats/launch-nats.js';
import { natsRequest } from '../nats/nats-request.js';
import type { NatsVersion } from '../nats/binaries.js';
import { returnPorts, takePorts } from '../nats/ports.js';
import { type SubjectProxies, throughSubjects } from '../nats/subject-proxy.js';
import { type NatsProxies, throughProxies } from '../nats/through-proxies.js';
import { Scene } from '../scene/scene.js';

/**
 * A whole cluster of real processes: nats-servers, edges, routers and gateways, each to be killed, paused and started again in place, and a scene
 * whose clients go to any edge and gateway. Two namespaces: `news`, with a snapshot, and `*`.
 */

export interface ClusterOptions {
  /** Default: the newest. */
  readonly version?: NatsVersion;
  /** How many; default 3. */
  readonly natsServers?: number;
  /** Default 3. */
  readonly edges?: number;
  /** Default 2. */
  readonly routers?: number;
  /** Default 1. */
  readonly gateways?: number;
  /** Lines of `restante.yaml` instead of `NAMESPACES`. */
  readonly config?: string;
  /** More flags for every process. */
  readonly args?: readonly string[];
  /** More of the environment of every process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether each process reaches NATS by a way of its own, to be found with `waysOf`. */
  readonly proxies?: boolean;
  /** Whether each edge reaches NATS by a way that knows subjects, to be found with `linksOf`: all that edges and routers say to each other is on it. */
  readonly linkProxies?: boolean;
  readonly random?: () => number;
}

const NAMESPACES = `
namespaces:
  news: { read: public, publish: public, snapshot: true }
  "*": { read: public, publish: public }
`;

/** Streams of the logs of `NAMESPACES`. */
export const STREAMS = { news: 'MAILBOX_news', rest: 'MAILBOX__' } as const;

export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { version = 'newest', natsServers = 3, edges = 3, routers = 2, gateways = 1 } = options;
  const nats = await launchNats({ version, servers: natsServers });
  const roles: Role[] = [
    ...Array.from({ length: edges }, () => 'edge' as const),
    ...Array.from({ length: routers }, () => 'router' as const),
    ...Array.from({ length: gateways }, () => 'gateway' as const),
  ];
  const ports = await takePorts(roles.length * 2);
  const members = await Promise.all(roles.map((role, i) => prepare(nats, role, ports.slice(i * 2), options)));
  const cluster = new Cluster(nats, members, ports, options.random ?? Math.random);
  try {
    await Promise.all(cluster.processes.map((process) => process.start()));
    await Promise.all(cluster.processes.map((process) => process.ready()));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

interface Member {
  readonly role: Role;
  readonly process: RestanteProcess;
  readonly ways: NatsProxies | undefined;
  readonly links: SubjectProxies | undefined;
}

async function prepare(nats: Nats, role: Role, [port = 0, adminPort = 0]: readonly number[], options: ClusterOptions): Promise<Member> {
  const ways = options.proxies === true ? await throughProxies(nats) : undefined;
  const links = options.linkProxies === true && role === 'edge' ? await throughSubjects(nats) : undefined;
  const process = await prepareRestante({
    role,
    port,
    adminPort,
    backend: (links ?? ways ?? nats).urls.join(','),
    config: options.config ?? NAMESPACES,
    args: ['--drain-ms', '0', ...(options.args ?? [])],
    ...(options.env !== undefined && { env: options.env }),
  });
  return { role, process, ways, links };
}

export class Cluster {
  readonly nats: Nats;
  readonly edges: readonly RestanteProcess[];
  readonly routers: readonly RestanteProcess[];
  readonly gateways: readonly RestanteProcess[];
  readonly scene: Scene;
  readonly #members: readonly Member[];
  readonly #ports: readonly number[];

  constructor(nats: Nats, members: readonly Member[], ports: readonly number[], random: () => number) {
    const of = (wanted: Role): RestanteProcess[] => members.filter(({ role }) => role === wanted).map(({ process }) => process);
    this.nats = nats;
    this.edges = of('edge');
    this.routers = of('router');
    this.gateways = of('gateway');
    this.#members = members;
    this.#ports = ports;
    this.scene = new Scene(this, random);
  }

  get processes(): readonly RestanteProcess[] {
    return this.#members.map(({ process }) => process);
  }

  /** A publisher past Restante, to the subjects themselves. */
  natsPublisher(name: string): Publisher {
    return this.scene.publisher(name, new NatsSender({ urls: this.nats.urls, namespaces: ['news'] }));
  }

  /** The process's own way to each NATS server, where the cluster was opened with proxies. */
  waysOf(process: RestanteProcess): NatsProxies {
    const ways = this.#members.find((member) => member.process === process)?.ways;
    if (ways === undefined) throw new Error('this process reaches NATS without proxies');
    return ways;
  }

  /** What an edge and the routers say to each other, where the cluster was opened with proxies of links. */
  linksOf(edge: RestanteProcess): SubjectProxies {
    const links = this.#members.find((member) => member.process === edge)?.links;
    if (links === undefined) throw new Error('this process reaches NATS without a proxy of links');
    return links;
  }

  /** The router that says it serves most logs. Waits until one serves any. */
  async servingRouter(): Promise<RestanteProcess> {
    return eventually('a router serves', async () => {
      const serving = await Promise.all(
        this.routers
          .filter(({ isAwake }) => isAwake)
          .map(async (router) => ({ router, logs: await router.metric('restante_router_serving') })),
      );
      const [most] = serving.sort((a, b) => b.logs - a.logs);
      return most !== undefined && most.logs > 0 && most.router;
    });
  }

  /** The line of epochs of each log, as it is recorded on NATS: for `finish`, where history was changed. */
  async epochs(): Promise<ReadonlyMap<string, Epochs>> {
    const lines = new Map<string, Epochs>();
    const awake = this.nats.servers.find(({ isAwake }) => isAwake);
    if (awake === undefined) throw new Error('no NATS server runs');
    for (const log of ['news', '_']) {
      const request = { last_by_subj: `$KV.restante_logs.${log}` };
      const answer = (await natsRequest(awake.url, '$JS.API.STREAM.MSG.GET.KV_restante_logs', request)) as { message: { data: string } };
      const record = JSON.parse(Buffer.from(answer.message.data, 'base64').toString()) as { epochs: Epochs };
      lines.set(log, record.epochs);
    }
    return lines;
  }

  /** What the processes logged, each under its name: for whoever looks for the cause of a failure. */
  get said(): string {
    const names = this.#members.map(({ role, process }) => `${role} at ${process.url}`);
    return this.#members.map(({ process }, i) => `--- ${names[i]}\n${process.stderr}`).join('\n');
  }

  async close(): Promise<void> {
    await this.scene.close();
    await Promise.all(this.processes.map((process) => process.stop()));
    for (const { ways, links } of this.#members) await Promise.all([ways?.close(), links?.close()]);
    await this.nats.stop();
    returnPorts(this.#ports);
  }
}
