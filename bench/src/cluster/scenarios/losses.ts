import { eventually } from '@restante/testkit';
import { type Cluster, type ClusterLoad, inCluster, LOG, type RoleProcess } from '../cluster.js';
import { nowUs } from '../load/clock.js';
import type { SuiteSize } from '../size.js';

/**
 * How long until every reader has messages again after a part was killed, with 100 messages a second throughout: from the kill until the
 * last reader has one that was published after it. Beside NATS' own: until a bare publisher's next message is acknowledged.
 */

interface LossSample {
  /** Until the last of all readers has a message again. */
  readonly deliveredMs: number;
  /** Until a bare publisher is acknowledged again; only where a NATS server was lost. */
  readonly appendedMs?: number;
  /** Of the messages published throughout: those whose publisher was told that they are not, or not surely, stored. */
  readonly refused: number;
}

export const LOSSES = [
  'an edge',
  'the router that serves',
  'a NATS server that does not lead the stream',
  'the NATS server that leads the stream',
] as const;
type Loss = (typeof LOSSES)[number];
export type LossSamples = Readonly<Record<Loss, readonly LossSample[]>>;

const NATS_SERVERS = 3;
const EDGES = 3;
const READERS = 30;
const PER_SECOND = 100;
const STREAM = `MAILBOX_${LOG}`;
/** Far more than any of it takes. */
const AGAIN_MS_MAX = 60_000;

/** Kills at once. @returns brings it back, when all was measured */
type Kill = () => () => Promise<void>;

export function measureLosses({ lossTrials, profiles }: SuiteSize): Promise<LossSamples> {
  return inCluster({ placement: {}, natsServers: NATS_SERVERS, profiles }, async (cluster) => {
    const scene = new Scene(cluster);
    await scene.start();
    const samples: Record<Loss, LossSample[]> = Object.fromEntries(LOSSES.map((loss) => [loss, []])) as never;
    for (const loss of LOSSES) {
      for (let trial = 0; trial < lossTrials; trial += 1) samples[loss].push(await scene.lose(loss));
    }
    return samples;
  });
}

class Scene {
  readonly #cluster: Cluster;
  readonly #load: ClusterLoad;
  #edges: RoleProcess[] = [];
  #routers: RoleProcess[] = [];
  #gateways: RoleProcess[] = [];
  #trial = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#load = cluster.load(undefined);
  }

  async start(): Promise<void> {
    this.#gateways = await this.#cluster.start('gateway');
    this.#routers = await this.#cluster.start('router', 2);
    this.#edges = await this.#cluster.start('edge', EDGES);
  }

  async lose(loss: Loss): Promise<LossSample> {
    const load = this.#load;
    this.#trial += 1;
    const group = `loss-${this.#trial}`;
    const target = { prefix: `/${LOG}/${group}`, mailboxes: 1 };
    const kill = await this.#prepare(loss);
    await load.run('connect', { group, ports: this.#edges.map(({ port }) => port), connections: READERS, returns: true, ...target });
    const probe = loss.includes('NATS') ? await this.#cluster.yardstick(undefined) : undefined;
    await probe?.run('probe', { subject: `mailbox.${LOG}.probe` });
    const port = this.#gateways[0]?.port ?? 0;
    const pacing = load.run('paced', { port, perSecond: PER_SECOND, messages: Number.MAX_SAFE_INTEGER, ...target });
    // A fault of the load ends the waits below as well.
    pacing.catch(() => undefined);
    await load.run('since', { group, sinceUs: nowUs(), withinMs: AGAIN_MS_MAX });

    const restore = kill();
    const sinceUs = nowUs();
    const appended = probe?.run('probed', { sinceUs });
    const { lastMs } = await load.run('since', { group, sinceUs, withinMs: AGAIN_MS_MAX });
    const appendedMs = (await appended)?.afterMs;
    await load.run('stopPacing', {});
    const { refused } = await pacing;
    await load.run('complete', { group, withinMs: AGAIN_MS_MAX });
    await load.run('disconnect', { group });
    await probe?.stop();
    await restore();
    return { deliveredMs: lastMs, refused, ...(appendedMs !== undefined && { appendedMs }) };
  }

  async #prepare(loss: Loss): Promise<Kill> {
    if (loss === 'an edge') return () => this.#killEdge();
    if (loss === 'the router that serves') {
      const serving = await eventually('one router serves', () => this.#serving(), { timeoutMs: AGAIN_MS_MAX });
      return () => this.#killRouter(serving);
    }
    const leader = await this.#cluster.nats.leaderOf(STREAM);
    const victim = loss.includes('does not') ? this.#cluster.nats.servers.find((server) => server !== leader) : leader;
    return () => {
      void victim?.kill();
      return () => this.#cluster.nats.start();
    };
  }

  async #serving(): Promise<RoleProcess | undefined> {
    const serving = await Promise.all(this.#routers.map((router) => router.metric('restante_router_serving')));
    return serving.reduce((sum, one) => sum + one, 0) === 1 ? this.#routers[serving.indexOf(1)] : undefined;
  }

  #killEdge(): () => Promise<void> {
    const [victim, ...others] = this.#edges;
    void victim?.kill();
    return async () => {
      this.#edges = [...others, ...(await this.#cluster.start('edge'))];
    };
  }

  #killRouter(victim: RoleProcess): () => Promise<void> {
    void victim.kill();
    return async () => {
      const others = this.#routers.filter((router) => router !== victim);
      this.#routers = [...others, ...(await this.#cluster.start('router'))];
    };
  }
}
