import { inCluster, LOG, type RoleProcess, SYSTEM_APART } from '../cluster.js';
import type { Latency, Start } from '../load/commands.js';
import type { SuiteSize } from '../size.js';

/**
 * Thousands of clients come back at once, each 100 messages behind, to two edges that have just started and a router whose memory does not
 * reach back so far: how often each edge reads the log, when all are live, and what a reader notices who was live all the time.
 */

export interface StormSample {
  readonly clients: number;
  readonly mailboxes: number;
  readonly backlog: number;
  /** From the first connection until the last is live. */
  readonly liveMs: number;
  /** By edge, divided by the mailboxes. */
  readonly logReadsPerMailbox: readonly number[];
  readonly calm: Latency;
  readonly meanwhile: Latency;
}

const EDGES = 2;
const COME_BACK_MS = 2_000;
const BEHIND = 100;
/** Clients left at different moments. */
const MOMENTS = 3;
/** Half of what is missed does not fit. */
const MEMORY = { hotTailBytes: '1MiB', ringBytes: '1MiB' };
const WITNESSES = 10;
const WITNESS_PER_SECOND = 50;
const CALM_MESSAGES = 150;
const DELIVERY_MS_MAX = 60_000;

export function measureStorm({ stormClients: clients, stormMailboxes: mailboxes, profiles }: SuiteSize): Promise<StormSample> {
  return inCluster({ placement: SYSTEM_APART, memory: MEMORY, profiles }, async (cluster) => {
    const [gateway] = (await cluster.start('gateway')) as [RoleProcess];
    await cluster.start('router');
    const { port } = gateway;
    const [storm, witness] = [cluster.load(), cluster.load()];
    const missed = { port, prefix: `/${LOG}/storm`, mailboxes };
    const { cursors } = await storm.run('rounds', { ...missed, rounds: MOMENTS });
    const starts = cursors.flatMap((round, nth): Start[] => round.map((cursor) => ({ cursor, next: nth + 1 })));
    await storm.run('rounds', { ...missed, rounds: BEHIND });

    const edges = await cluster.start('edge', EDGES);
    const ports = edges.map((edge) => edge.port);
    const live = { prefix: `/${LOG}/witness`, mailboxes: 1 };
    await witness.run('connect', { group: 'witness', ports, connections: WITNESSES, ...live });
    await witness.run('paced', { port, perSecond: WITNESS_PER_SECOND, messages: WITNESS_PER_SECOND, ...live });
    await witness.run('measure', { group: 'witness' });
    await witness.run('paced', { port, perSecond: WITNESS_PER_SECOND, messages: CALM_MESSAGES, ...live });
    await witness.run('received', {
      group: 'witness',
      messages: (WITNESS_PER_SECOND + CALM_MESSAGES) * WITNESSES,
      withinMs: DELIVERY_MS_MAX,
    });
    const calm = await witness.run('measured', { group: 'witness' });

    const readsBefore = await logReads(edges);
    const pacing = witness.run('paced', { port, perSecond: WITNESS_PER_SECOND, messages: Number.MAX_SAFE_INTEGER, ...live });
    pacing.catch(() => undefined);
    await witness.run('measure', { group: 'witness' });
    // Every mailbox on every edge.
    const perEdge = clients / EDGES;
    const back = { connections: perEdge, prefix: missed.prefix, mailboxes, starts, withinMs: COME_BACK_MS };
    const lives = await Promise.all(ports.map((edge, nth) => storm.run('connect', { group: `storm-${nth}`, ports: [edge], ...back })));
    const meanwhile = await witness.run('measured', { group: 'witness' });
    await witness.run('stopPacing', {});
    const { published } = await pacing;
    const witnessed = (WITNESS_PER_SECOND + CALM_MESSAGES + published) * WITNESSES;
    await witness.run('received', { group: 'witness', messages: witnessed, withinMs: DELIVERY_MS_MAX });
    const messages = Array.from({ length: perEdge }, (_, i) => MOMENTS + BEHIND - (starts[i % starts.length]?.next ?? 0));
    const expected = { messages: messages.reduce((sum, one) => sum + one, 0), withinMs: DELIVERY_MS_MAX };
    await Promise.all(ports.map((_, nth) => storm.run('received', { group: `storm-${nth}`, ...expected })));
    const reads = await logReads(edges);
    return {
      clients,
      mailboxes,
      backlog: mailboxes * BEHIND,
      liveMs: Math.max(...lives.map(({ liveMs }) => liveMs)),
      logReadsPerMailbox: reads.map((count, i) => (count - (readsBefore[i] ?? 0)) / mailboxes),
      calm,
      meanwhile,
    };
  });
}

function logReads(edges: readonly RoleProcess[]): Promise<number[]> {
  return Promise.all(edges.map((edge) => edge.metric('restante_log_reads_total')));
}
