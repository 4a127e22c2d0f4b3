import { type ClusterLoad, inCluster, LOG, type RoleProcess, SYSTEM_APART } from '../cluster.js';
import { type Cost, costOf, idleShares } from '../cpu.js';
import type { Latency } from '../load/commands.js';
import type { SuiteSize } from '../size.js';

/**
 * What an entry costs gateway and router, what a frame and a delivered message cost an edge, and how long a message takes from publisher to
 * reader: 1,000 readers on three edges, with a mailbox each and all with the same.
 */

export interface EntryCosts {
  readonly entries: number;
  readonly delivered: number;
  readonly gateway: Cost;
  readonly router: Cost;
  /** Of all edges together. */
  readonly edges: Cost;
}

interface PacedSample extends EntryCosts, Latency {
  readonly perSecond: number;
}

export interface CostSamples {
  /** A reader a mailbox: each message goes to one reader of one edge. */
  readonly own: PacedSample;
  /** All follow one mailbox: each message goes to all readers. By rate, as far as it was carried; the last may not have been. */
  readonly shared: readonly (PacedSample & { readonly isCarried: boolean })[];
  /** One reader an edge, as fast as batches are acknowledged. */
  readonly bulk: EntryCosts & { readonly perSecond: number };
}

const EDGES = 3;
const OWN_PER_SECOND = 1_000;
/** What has not come so long after the last publish was lost. */
const DELIVERY_MS_MAX = 60_000;
/** A rate is carried where nearly all messages are there within so long. */
const CARRIED_P99_MS_MAX = 1_000;
const BULK_BATCH = 250;

export function measureCosts({ readers, paceSeconds, fanoutRates, bulkMessages, profiles }: SuiteSize): Promise<CostSamples> {
  return inCluster({ placement: SYSTEM_APART, profiles }, async (cluster) => {
    const [gateway] = (await cluster.start('gateway')) as [RoleProcess];
    const [router] = (await cluster.start('router')) as [RoleProcess];
    const edges = await cluster.start('edge', EDGES);
    const load = cluster.load();
    const parts = { gateway, router, edges };
    const ports = edges.map(({ port }) => port);

    const own = { prefix: `/${LOG}/own`, mailboxes: readers, perSecond: OWN_PER_SECOND };
    await load.run('connect', { group: 'own', ports, connections: readers, ...own });
    await load.run('paced', { port: gateway.port, messages: OWN_PER_SECOND, ...own });
    const ownSample = await paced(load, parts, 'own', own, paceSeconds, 1);
    await load.run('disconnect', { group: 'own' });

    const shared: (PacedSample & { isCarried: boolean })[] = [];
    for (const perSecond of fanoutRates) {
      const group = `shared-${perSecond}`;
      const target = { prefix: `/${LOG}/${group}`, mailboxes: 1, perSecond };
      await load.run('connect', { group, ports, connections: readers, ...target });
      const sample = await paced(load, parts, group, target, paceSeconds, readers);
      await load.run('disconnect', { group });
      const isCarried = sample.p99Ms <= CARRIED_P99_MS_MAX;
      shared.push({ ...sample, isCarried });
      if (!isCarried) break;
    }

    const bulk = { prefix: `/${LOG}/bulk`, mailboxes: BULK_BATCH };
    for (const [nth, port] of ports.entries()) {
      await load.run('connect', { group: `bulk-${nth}`, ports: [port], connections: BULK_BATCH, ...bulk });
    }
    return { own: ownSample, shared, bulk: await flooded(load, parts, bulk, bulkMessages, ports.length) };
  });
}

export interface Parts {
  readonly gateway: RoleProcess;
  readonly router: RoleProcess;
  readonly edges: readonly RoleProcess[];
}

/** @param readersEach of every mailbox */
async function paced(
  load: ClusterLoad,
  parts: Parts,
  group: string,
  target: { readonly prefix: string; readonly mailboxes: number; readonly perSecond: number },
  seconds: number,
  readersEach: number,
): Promise<PacedSample> {
  const { port } = parts.gateway;
  const messages = target.perSecond * seconds;
  const already = group === 'own' ? OWN_PER_SECOND : 0;
  await load.run('received', { group, messages: already * readersEach, withinMs: DELIVERY_MS_MAX });
  const costs = await costsOf(parts, messages, messages * readersEach, async () => {
    await load.run('measure', { group });
    await load.run('paced', { port, messages, ...target });
    await load.run('received', { group, messages: (already + messages) * readersEach, withinMs: DELIVERY_MS_MAX });
  });
  return { ...costs, ...(await load.run('measured', { group })), perSecond: target.perSecond };
}

async function flooded(
  load: ClusterLoad,
  parts: Parts,
  target: { readonly prefix: string; readonly mailboxes: number },
  messages: number,
  groups: number,
): Promise<CostSamples['bulk']> {
  const batches = { ports: [parts.gateway.port], ...target, lanes: 1, batch: BULK_BATCH };
  const all = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: groups }, (_, nth) =>
        load.run('received', { group: `bulk-${nth}`, messages: count, withinMs: DELIVERY_MS_MAX }),
      ),
    );
  await load.run('flood', { ...batches, messages });
  await all(messages);
  let elapsedMs = 0;
  const costs = await costsOf(parts, messages, messages * groups, async () => {
    const startedAt = performance.now();
    await load.run('flood', { ...batches, messages });
    await all(2 * messages);
    elapsedMs = performance.now() - startedAt;
  });
  return { ...costs, perSecond: (messages * 1_000) / elapsedMs };
}

/** What a piece of work costs each part of a cluster; the edges together. */
export async function costsOf(
  { gateway, router, edges }: Parts,
  entries: number,
  delivered: number,
  work: () => Promise<unknown>,
): Promise<EntryCosts> {
  const pids = [gateway, router, ...edges].map(({ pid }) => pid);
  const idle = await idleShares(pids);
  const { costs } = await costOf(pids, idle, work);
  const [ofGateway, ofRouter, ...ofEdges] = costs as [Cost, Cost, ...Cost[]];
  return { entries, delivered, gateway: ofGateway, router: ofRouter, edges: sum(ofEdges) };
}

function sum(costs: readonly Cost[]): Cost {
  const busyMs = costs.reduce((all, cost) => all + cost.busyMs, 0);
  return { busyMs, userShare: costs.reduce((all, cost) => all + cost.busyMs * cost.userShare, 0) / Math.max(busyMs, 1e-9) };
}
