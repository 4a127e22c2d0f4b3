import { inCluster, LOG, type RoleProcess, SYSTEM_APART } from '../cluster.js';
import { costsOf, type EntryCosts } from './costs.js';
import type { SuiteSize } from '../size.js';

/** What an entry costs a router, and an edge, by how many edges have a reader for it: one at a time, each a frame of its own, and in batches. */

export interface EdgesSample {
  /** That have a reader; all others have none. */
  readonly edges: number;
  readonly single: EntryCosts;
  readonly bulk: EntryCosts;
}

const PER_SECOND = 250;
const BATCH = 250;
const DELIVERY_MS_MAX = 60_000;

export function measureEdges({ edges: counts, paceSeconds, bulkMessages, profiles }: SuiteSize): Promise<EdgesSample[]> {
  return inCluster({ placement: SYSTEM_APART, profiles }, async (cluster) => {
    const [gateway] = (await cluster.start('gateway')) as [RoleProcess];
    const [router] = (await cluster.start('router')) as [RoleProcess];
    const all = await cluster.start('edge', Math.max(...counts));
    const load = cluster.load();
    const { port } = gateway;
    const samples: EdgesSample[] = [];
    // Once before it counts: compiled code, as at night.
    for (const [run, count] of [counts[0] as number, ...counts].entries()) {
      const edges = all.slice(0, count);
      const group = `edges-${run}`;
      const target = { prefix: `/${LOG}/${group}`, mailboxes: BATCH };
      const ports = edges.map((edge) => edge.port);
      await load.run('connect', { group, ports, connections: count, perConnection: BATCH, ...target });
      const singles = PER_SECOND * paceSeconds;
      const received = (messages: number): Promise<unknown> =>
        load.run('received', { group, messages: messages * count, withinMs: DELIVERY_MS_MAX });
      const parts = { gateway, router, edges };
      const single = await costsOf(parts, singles, singles * count, async () => {
        await load.run('paced', { port, messages: singles, perSecond: PER_SECOND, ...target });
        await received(singles);
      });
      const bulk = await costsOf(parts, bulkMessages, bulkMessages * count, async () => {
        await load.run('flood', { ports: [port], ...target, lanes: 1, batch: BATCH, messages: bulkMessages });
        await received(singles + bulkMessages);
      });
      await load.run('disconnect', { group });
      if (run > 0) samples.push({ edges: count, single, bulk });
    }
    return samples;
  });
}
