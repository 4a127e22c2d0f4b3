import { eventually } from '@restante/testkit';
import { type Cluster, type ClusterLoad, inCluster, LOG, type RoleProcess } from '../cluster.js';
import { type Cost, costOf, idleShares } from '../cpu.js';
import type { Flooded } from '../load/commands.js';
import type { SuiteSize } from '../size.js';

/**
 * The ceiling of one log: what one stream takes from several publishers, bare and through gateways, and what one router tails. All of it
 * shares the machine's cores, so what it costs JetStream and the router says more than how fast it went here.
 */

interface AppendSample {
  readonly replicas: number;
  readonly publishers: string;
  readonly perSecond: number;
  /** Of the NATS servers, all together, by message. */
  readonly natsUs: number;
}

interface TailSample {
  readonly entries: number;
  /** While bare publishers flood. */
  readonly perSecond: number;
  readonly routerUs: number;
  /** From the last acknowledgement until the router had everything. */
  readonly lagMs: number;
}

export interface CeilingSamples {
  readonly appends: readonly AppendSample[];
  readonly tail: TailSample;
}

const MAILBOXES = 1_000;
const LANES = 4;
const BATCH = 250;
const TAIL_MS_MAX = 60_000;
const PUBLISHERS_MAX = 3;

export async function measureCeiling(size: SuiteSize): Promise<CeilingSamples> {
  const alone = await inCluster({ placement: {}, profiles: size.profiles }, async (cluster) => {
    const appends = await appendsOf(cluster, 1, [1, 2, PUBLISHERS_MAX], [1, 2, PUBLISHERS_MAX], size);
    return { appends, tail: await tailOf(cluster, size) };
  });
  const replicated = await inCluster({ placement: {}, natsServers: 3, profiles: size.profiles }, (cluster) =>
    appendsOf(cluster, 3, [2], [2], size),
  );
  return { appends: [...alone.appends, ...replicated], tail: alone.tail };
}

async function appendsOf(
  cluster: Cluster,
  replicas: number,
  bareCounts: readonly number[],
  gatewayCounts: readonly number[],
  { ceilingSeconds: seconds }: SuiteSize,
): Promise<AppendSample[]> {
  const flood = { mailboxes: MAILBOXES, lanes: LANES, batch: BATCH };
  // The stream is made by the first process of Restante.
  const gateways = await cluster.start('gateway', Math.max(...gatewayCounts));
  const bare = await Promise.all(Array.from({ length: Math.max(...bareCounts) }, () => cluster.yardstick(undefined)));
  const loads = gateways.map((): ClusterLoad => cluster.load(undefined));
  const samples: AppendSample[] = [];
  const sample = async (publishers: string, floods: (seconds: number) => Promise<Flooded>[]): Promise<void> => {
    const pids = cluster.nats.servers.map(({ pid }) => pid);
    await Promise.all(floods(seconds / 2));
    const idle = await idleShares(pids);
    const { result, costs } = await costOf(pids, idle, () => Promise.all(floods(seconds)));
    const published = result.reduce((sum, one) => sum + one.published, 0);
    const elapsedMs = Math.max(...result.map((one) => one.elapsedMs));
    samples.push({ replicas, publishers, perSecond: (published * 1_000) / elapsedMs, natsUs: usEach(costs, published) });
  };
  for (const count of bareCounts) {
    await sample(`${count} × bare client`, (s) =>
      bare.slice(0, count).map((one, i) => one.run('flood', { prefix: `mailbox.${LOG}.bare-${i}`, ids: true, seconds: s, ...flood })),
    );
  }
  for (const count of gatewayCounts) {
    await sample(`${count} × gateway`, (s) =>
      loads.slice(0, count).map((load, i) => {
        const { port } = gateways[i] as RoleProcess;
        return load.run('flood', { ports: [port], prefix: `/${LOG}/gateway-${i}`, seconds: s, ...flood });
      }),
    );
  }
  return samples;
}

async function tailOf(cluster: Cluster, { tailEntries }: SuiteSize): Promise<TailSample> {
  const [router] = (await cluster.start('router')) as [RoleProcess];
  const bare = await Promise.all([1, 2].map(() => cluster.yardstick(undefined)));
  const position = (): Promise<number> => router.metric('restante_router_position');
  const flood = { mailboxes: MAILBOXES, lanes: LANES, batch: BATCH, ids: true };
  const floodAll = (messages: number): Promise<Flooded[]> =>
    Promise.all(bare.map((one, i) => one.run('flood', { prefix: `mailbox.${LOG}.tail-${i}`, messages: messages / bare.length, ...flood })));
  await floodAll(tailEntries / 5);
  const idle = await idleShares([router.pid]);
  const goal = (await position()) + tailEntries;
  const startedAt = performance.now();
  let acknowledgedAt = 0;
  let reachedAt = 0;
  const { costs } = await costOf([router.pid], idle, async () => {
    await floodAll(tailEntries);
    acknowledgedAt = performance.now();
    await eventually('the router has read everything', async () => (await position()) >= goal, { timeoutMs: TAIL_MS_MAX, intervalMs: 5 });
    reachedAt = performance.now();
  });
  const perSecond = (tailEntries * 1_000) / (reachedAt - startedAt);
  return { entries: tailEntries, perSecond, routerUs: usEach(costs, tailEntries), lagMs: reachedAt - acknowledgedAt };
}

function usEach(costs: readonly Cost[], count: number): number {
  return (costs.reduce((sum, { busyMs }) => sum + busyMs, 0) * 1_000) / count;
}
