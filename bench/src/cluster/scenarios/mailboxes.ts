import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@restante/testkit';
import { residentBytes } from '../../processes/accounting.js';
import { inCluster, LOG, type RoleProcess, SYSTEM_APART } from '../cluster.js';
import { nowUs } from '../load/clock.js';
import type { SuiteSize } from '../size.js';

/** Very many mailboxes with a reader each, a thousand a connection: what each takes of the memory of edge and router, and how long a new router needs for them. */

export interface MailboxesSample {
  readonly mailboxes: number;
  readonly edges: number;
  /** Until all were live. */
  readonly liveMs: number;
  /** An edge's own, divided by the mailboxes with readers there. */
  readonly edgeBytesEach: number;
  /** Of the router that serves all edges, divided by all mailboxes. */
  readonly routerBytesEach: number;
  /** From the kill of the router until the other one has every interest. */
  readonly attachedMs: number;
}

const EDGES = 2;
const PER_CONNECTION = 1_000;
/** Garbage of the beginning goes, or is counted. */
const SETTLE_MS = 3_000;
const ATTACH_MS_MAX = 120_000;
/** Published afterwards, to as many mailboxes on all edges: that a router says so is not enough. */
const PROBES = 4_000;
const PROBES_PER_SECOND = 2_000;

export function measureMailboxes({ quietMailboxes: mailboxes, profiles }: SuiteSize): Promise<MailboxesSample> {
  return inCluster({ placement: SYSTEM_APART, profiles }, async (cluster) => {
    const [gateway] = (await cluster.start('gateway')) as [RoleProcess];
    const [serving] = (await cluster.start('router')) as [RoleProcess];
    const [standby] = (await cluster.start('router')) as [RoleProcess];
    const edges = await cluster.start('edge', EDGES);
    const load = cluster.load();
    const before = [serving, ...edges].map(({ pid }) => residentBytes(pid));
    const target = { prefix: `/${LOG}/quiet`, mailboxes };
    const connections = Math.ceil(mailboxes / PER_CONNECTION);
    const ports = edges.map(({ port }) => port);
    const { liveMs } = await load.run('connect', { group: 'quiet', ports, connections, perConnection: PER_CONNECTION, ...target });
    await hasAll(serving, mailboxes);
    await sleep(SETTLE_MS);
    const [routerBytes = 0, ...edgeBytes] = [serving, ...edges].map(({ pid }, i) => residentBytes(pid) - (before[i] ?? 0));

    const killedUs = nowUs();
    await serving.kill();
    await hasAll(standby, mailboxes);
    const attachedMs = (nowUs() - killedUs) / 1_000;
    const messages = Math.min(PROBES, mailboxes);
    await load.run('paced', { port: gateway.port, perSecond: PROBES_PER_SECOND, messages, ...target });
    await load.run('received', { group: 'quiet', messages, withinMs: ATTACH_MS_MAX });
    return {
      mailboxes,
      edges: EDGES,
      liveMs,
      edgeBytesEach: edgeBytes.reduce((sum, bytes) => sum + bytes, 0) / mailboxes,
      routerBytesEach: routerBytes / mailboxes,
      attachedMs,
    };
  });
}

function hasAll(router: RoleProcess, mailboxes: number): Promise<boolean> {
  const look = async (): Promise<boolean> => (await router.metric('restante_router_interests')) >= mailboxes;
  return eventually('the router has every interest', look, { timeoutMs: ATTACH_MS_MAX });
}
