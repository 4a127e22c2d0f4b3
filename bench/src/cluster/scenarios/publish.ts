import { inCluster, LOG, PUBLISHER_APART, type RoleProcess, type Yardstick } from '../cluster.js';
import { costOf, idleShares } from '../cpu.js';
import type { Flooded } from '../load/commands.js';
import type { SuiteSize } from '../size.js';

/**
 * How fast a gateway takes batches, against the bare NATS client: the same bytes, the same number under way, in turns. Many mailboxes, and one:
 * there a gateway waits for each acknowledgement before the next message, and so must a publisher who wants order.
 */

export interface PublishSample {
  readonly perSecond: number;
  /** Of the gateway, or of the process that publishes. */
  readonly cpuUs: number;
}

export interface PublishSamples {
  readonly many: Readonly<Record<string, readonly PublishSample[]>>;
  readonly one: Readonly<Record<string, readonly PublishSample[]>>;
}

const MAILBOXES = 1_000;
/** Under way at once: four batches. */
const LANES = 4;
const BATCH = 250;
const WARM_UP_SHARE = 0.4;

interface Contestant {
  readonly name: string;
  readonly pid: number;
  readonly publish: (seconds: number) => Promise<Flooded>;
}

export function measurePublish({ publishRounds, publishSeconds, profiles }: SuiteSize): Promise<PublishSamples> {
  return inCluster({ placement: PUBLISHER_APART, profiles }, async (cluster) => {
    const [gateway] = await cluster.start('gateway');
    const bare = await cluster.yardstick(PUBLISHER_APART.gateway);
    const load = cluster.load(PUBLISHER_APART.nats);
    const { port, pid } = gateway as RoleProcess;
    const byGateway = (mailboxes: number, lanes: number): Contestant => ({
      name: 'gateway, batch call',
      pid,
      publish: (seconds) =>
        load.run('flood', { ports: [port], prefix: `/${LOG}/gateway-${mailboxes}`, mailboxes, lanes, batch: BATCH, seconds }),
    });
    const many = [
      bareOne('bare client', bare, MAILBOXES, LANES, BATCH, true),
      bareOne('bare client, without ids', bare, MAILBOXES, LANES, BATCH, false),
      byGateway(MAILBOXES, LANES),
    ];
    // In order: what the bare client must do itself.
    const one = [
      bareOne('bare client, each after the other', bare, 1, 1, 1, true),
      bareOne('bare client, no order', bare, 1, 1, BATCH, true),
      byGateway(1, 1),
    ];
    return {
      many: await inTurns(many, publishRounds, publishSeconds),
      one: await inTurns(one, publishRounds, publishSeconds),
    };
  });
}

function bareOne(name: string, bare: Yardstick, mailboxes: number, lanes: number, batch: number, ids: boolean): Contestant {
  const prefix = `mailbox.${LOG}.bare-${mailboxes}`;
  return { name, pid: bare.pid, publish: (seconds) => bare.run('flood', { prefix, mailboxes, lanes, batch, seconds, ids }) };
}

async function inTurns(contestants: readonly Contestant[], rounds: number, seconds: number): Promise<Record<string, PublishSample[]>> {
  const samples: Record<string, PublishSample[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  const idle = await idleShares(contestants.map(({ pid }) => pid));
  for (const { publish } of contestants) await publish(seconds * WARM_UP_SHARE);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const at = (turn + round) % contestants.length;
      const { name, pid, publish } = contestants[at] as Contestant;
      const { result, costs } = await costOf([pid], [idle[at] ?? 0], () => publish(seconds));
      const { published, elapsedMs } = result;
      samples[name]?.push({ perSecond: (published * 1_000) / elapsedMs, cpuUs: ((costs[0]?.busyMs ?? 0) * 1_000) / published });
    }
  }
  return samples;
}
