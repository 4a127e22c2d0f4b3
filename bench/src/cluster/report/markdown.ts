import { renderBars } from '../../report/markdown.js';
import { ratios, spread } from '../../report/statistics.js';
import { cell, table } from '../../report/table.js';
import type { Cost } from '../cpu.js';
import type { Latency } from '../load/commands.js';
import type { CeilingSamples } from '../scenarios/ceiling.js';
import type { CostSamples, EntryCosts } from '../scenarios/costs.js';
import type { EdgesSample } from '../scenarios/edges.js';
import { LOSSES, type LossSamples } from '../scenarios/losses.js';
import type { MailboxesSample } from '../scenarios/mailboxes.js';
import type { PublishSample, PublishSamples } from '../scenarios/publish.js';
import type { StormSample } from '../scenarios/storm.js';
import type { ClusterSamples } from '../suite.js';
import { judgeCluster } from './bars.js';

/** The run of the cluster suite as a person reads it. */

export interface ClusterConditions {
  readonly command: string;
  readonly node: string;
  readonly kernel: string;
  readonly cores: number;
}

export function renderCluster(conditions: ClusterConditions, samples: ClusterSamples): string {
  const { publish, costs, edges, losses, storm, mailboxes, ceiling, faults } = samples;
  const parts = [
    renderConditions(conditions, samples.nats),
    publish && renderPublish(publish),
    costs && renderCosts(costs),
    edges && renderEdges(edges),
    losses && renderLosses(losses),
    storm && renderStorm(storm),
    mailboxes && renderMailboxes(mailboxes),
    ceiling && renderCeiling(ceiling),
    ...Object.entries(faults).map(([scenario, fault]) => `**No result** of \`${scenario}\`: ${fault}`),
    renderBars(judgeCluster(samples)),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function renderConditions({ command, node, kernel, cores }: ClusterConditions, nats: string): string {
  return [
    `Command: \`${command}\``,
    '',
    `Node ${node}, nats-server ${nats}, Linux ${kernel}, ${cores} cores for everything: servers, NATS and load. 128 bytes of data a message, stored in files`,
    'by JetStream. CPU is user and system of all threads, without what a process uses when nothing happens. Only ratios within a table are claims.',
  ].join('\n');
}

function renderPublish({ many, one }: PublishSamples): string {
  return [
    '## Publishing: the batch call against the bare client',
    '',
    'The publisher (gateway or bare client) on core 0; JetStream, one copy, and the load that calls the gateway on core 1. In turns: median (least–most).',
    '',
    '1,000 mailboxes, four batches of 250 under way:',
    '',
    publishTable(many, 'bare client'),
    '',
    'One mailbox. A gateway keeps its order by having one message under way; so must a bare publisher who wants order:',
    '',
    publishTable(one, 'bare client, each after the other'),
  ].join('\n');
}

function publishTable(samples: Readonly<Record<string, readonly PublishSample[]>>, yardstick: string): string {
  const base = (samples[yardstick] ?? []).map(({ perSecond }) => perSecond);
  const rows = Object.entries(samples).map(([name, rounds]) => {
    const perSecond = rounds.map((sample) => sample.perSecond);
    const cpu = rounds.map((sample) => sample.cpuUs);
    return [name, cell(spread(perSecond), 0), cell(spread(cpu), 1), cell(ratios(perSecond, base), 2)];
  });
  return table(['', 'messages per second', "CPU µs each, publisher's", `ratio to ${yardstick}`], rows);
}

function renderCosts({ own, shared, bulk }: CostSamples): string {
  const rows = [own, ...shared].map((sample, nth) => [
    nth === 0 ? 'a mailbox each' : 'all the same mailbox',
    `${sample.perSecond}${'isCarried' in sample && !sample.isCarried ? ' (not carried)' : ''}`,
    ...latencyCells(sample),
    ...costCells(sample),
  ]);
  return [
    '## Publish → receive, and what it costs: 1,000 readers on three edges',
    '',
    'Gateway, router and edges on core 0; JetStream, one copy, publisher and readers on core 1. From the moment a publish was due to the moment a reader has it. At a rate that is',
    'not carried the latency is the queue of this machine, and rises for as long as it is kept up.',
    '',
    table(['readers follow', 'messages a second', ...LATENCY_TITLES, ...COST_TITLES], rows),
    '',
    `In batches of 250 as fast as they are acknowledged, three readers a mailbox, one an edge; ${Math.round(bulk.perSecond)} messages a second:`,
    '',
    table(COST_TITLES, [costCells(bulk)]),
  ].join('\n');
}

const LATENCY_TITLES = ['p50 ms', 'p99 ms', 'p99.9 ms'];
const COST_TITLES = ['gateway: CPU µs per entry', 'router: CPU µs per entry', 'edges: CPU µs per delivered message'];

function latencyCells({ p50Ms, p99Ms, p999Ms }: Latency): string[] {
  return [p50Ms, p99Ms, p999Ms].map((ms) => ms.toFixed(1));
}

function costCells({ gateway, router, edges, entries, delivered }: EntryCosts): string[] {
  return [each(gateway, entries), each(router, entries), each(edges, delivered)];
}

function each({ busyMs, userShare }: Cost, count: number): string {
  return `${((busyMs * 1_000) / count).toFixed(1)} (${Math.round(userShare * 100)} % user)`;
}

function renderEdges(samples: readonly EdgesSample[]): string {
  const rows = samples.map(({ edges, single, bulk }) => [
    `${edges}`,
    each(single.router, single.entries),
    each(single.edges, single.delivered),
    each(bulk.router, bulk.entries),
    each(bulk.edges, bulk.delivered),
  ]);
  const titles = [
    'edges with a reader',
    'router, a frame an entry',
    'each edge, a frame and one delivered message',
    'router, in batches',
    'each edge, in batches',
  ];
  return [
    '## A router and its edges: CPU µs per entry',
    '',
    'Placed as above; one reader an edge, 250 messages a second one by one, and batches of 250.',
    '',
    table(titles, rows),
  ].join('\n');
}

function renderLosses(samples: LossSamples): string {
  const rows = LOSSES.map((loss) => {
    const trials = samples[loss];
    const appended = trials.flatMap(({ appendedMs }) => (appendedMs === undefined ? [] : [appendedMs]));
    const delivered = cell(spread(trials.map(({ deliveredMs }) => deliveredMs)), 0);
    const refused = cell(spread(trials.map((trial) => trial.refused)), 0);
    return [loss, delivered, appended.length === 0 ? '' : cell(spread(appended), 0), refused];
  });
  return [
    '## Until every reader has messages again',
    '',
    'Three NATS servers, three copies, two routers, three edges, 30 readers, 100 messages a second throughout; kill -9; nothing pinned, everything shares the two cores. From the kill',
    'until the last reader has a message published after it. No reader missed one that was acknowledged.',
    '',
    table(
      ['killed', 'delivered again after ms', 'a bare publisher is acknowledged again after ms', 'publishes refused or unknown meanwhile'],
      rows,
    ),
  ].join('\n');
}

function renderStorm({ clients, mailboxes, backlog, liveMs, logReadsPerMailbox, calm, meanwhile }: StormSample): string {
  return [
    `## Storm: ${clients} clients come back within 2 s`,
    '',
    `Each 100 messages behind in one of ${mailboxes} mailboxes, to two edges that have just started; of the ${backlog} messages that they missed the router's memory holds half. Placed as`,
    'above: all of Restante shares one core, all of the load the other.',
    '',
    table(
      ['', ''],
      [
        ['all live after', `${(liveMs / 1_000).toFixed(2)} s`],
        ['log reads per edge and mailbox', logReadsPerMailbox.map((reads) => reads.toFixed(2)).join(' and ')],
        ['a live reader before: p50, p99, p99.9 ms', latencyCells(calm).join(', ')],
        ['a live reader meanwhile: p50, p99, p99.9 ms', latencyCells(meanwhile).join(', ')],
      ],
    ),
  ].join('\n');
}

function renderMailboxes({ mailboxes, edges, liveMs, edgeBytesEach, routerBytesEach, attachedMs }: MailboxesSample): string {
  return [
    `## ${mailboxes} mailboxes with a reader each, on ${edges} edges`,
    '',
    'A connection holds 1,000 readers. Resident memory, divided; placed as above.',
    '',
    table(
      ['', ''],
      [
        ['edge: bytes for a mailbox and its reader', edgeBytesEach.toFixed(0)],
        ['router: bytes for a mailbox', routerBytesEach.toFixed(0)],
        ['all live after', `${(liveMs / 1_000).toFixed(1)} s`],
        ['router killed: the other one has every interest after', `${(attachedMs / 1_000).toFixed(1)} s`],
      ],
    ),
  ].join('\n');
}

function renderCeiling({ appends, tail }: CeilingSamples): string {
  const rows = appends.map(({ replicas, publishers, perSecond, natsUs }) => [
    `${replicas}`,
    publishers,
    perSecond.toFixed(0),
    natsUs.toFixed(1),
  ]);
  return [
    '## The ceiling of one log',
    '',
    'Nothing pinned: publishers, load and servers share the cores, so CPU says more than rates do. 1,000 mailboxes, four batches of 250 under way at each publisher.',
    '',
    table(['copies', 'publishers', 'appends a second', 'CPU µs of all NATS servers per append'], rows),
    '',
    `A router that tails it while two bare clients flood: ${tail.perSecond.toFixed(0)} entries a second, ${tail.routerUs.toFixed(1)} CPU µs per entry, the last one ${tail.lagMs.toFixed(0)} ms after its acknowledgement.`,
  ].join('\n');
}
