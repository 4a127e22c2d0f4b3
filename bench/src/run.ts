import { BARE, type Contestant, FASTIFY, RESTANTE, SOCKET_IO } from './contestants/contestants.js';
import type { BenchOptions, Scenario } from './options.js';
import type { ServerOptions } from './processes/server.js';
import { type FanoutSample, measureFanout } from './scenarios/fanout.js';
import { type LatencySample, type LatencySize, measureLatency } from './scenarios/latency.js';
import { measurePublish, type PublishSample } from './scenarios/publish.js';
import { templatesFor } from './scenarios/templates.js';

/** Runs the rounds. Contestants take turns within a round, and the order turns with the rounds, so that a drift of the machine meets all. */

/** By contestant, a sample a round. */
export type Samples<T> = Readonly<Record<string, readonly T[]>>;

export interface RunSamples {
  /** Bytes that the yardstick wrote for one message and for ten. */
  readonly templateBytes: readonly number[];
  readonly fanout?: Samples<FanoutSample>;
  readonly latency?: Samples<LatencySample>;
  readonly latencySize: LatencySize;
  readonly publish?: Samples<PublishSample>;
}

const READER_CONTESTANTS = [BARE, SOCKET_IO, RESTANTE];

/** Fewer readers than elsewhere: of more, the load's own reading is most of what would be measured. */
const LATENCY_READERS_MAX = 1_000;
const LATENCY_PER_SECOND = 10;

/** Ten times what the slowest contestant needs for a tick. */
const DELIVERY_MS_MAX = 10_000;

const PUBLISHERS = 64;

export async function runBench(options: BenchOptions, pinned: boolean, say: (line: string) => void): Promise<RunSamples> {
  const contestants = options.contestants.map(contestantNamed);
  const templates = await templatesFor(contestants, pinned);
  const server: ServerOptions = { pinned, templates, profiles: options.profiles };
  const wants = (scenario: Scenario) => options.scenarios.includes(scenario);
  const rounds = <T>(scenario: Scenario, who: readonly Contestant[], measure: (contestant: Contestant) => Promise<T>) =>
    interleave(who, options.rounds, async (contestant, round) => {
      say(`${scenario}: round ${round + 1} of ${options.rounds}, ${contestant.name}`);
      return measure(contestant);
    });

  const fanout = {
    readers: options.connections,
    singleTicks: options.ticks,
    tenTicks: Math.ceil(options.ticks / 4),
    deliveryMsMax: DELIVERY_MS_MAX,
  };
  const latency = {
    readers: Math.min(options.connections, LATENCY_READERS_MAX),
    messages: LATENCY_PER_SECOND * options.seconds,
    perSecond: LATENCY_PER_SECOND,
    deliveryMsMax: DELIVERY_MS_MAX,
  };
  const publish = { publishers: PUBLISHERS, seconds: options.seconds };
  const publishing = [FASTIFY, ...contestants.filter((contestant) => contestant === RESTANTE)];
  return {
    templateBytes: templates.map((template) => template.length),
    latencySize: latency,
    ...(wants('fanout') && { fanout: await rounds('fanout', contestants, (c) => measureFanout(c, fanout, server)) }),
    ...(wants('latency') && { latency: await rounds('latency', contestants, (c) => measureLatency(c, latency, server)) }),
    ...(wants('publish') && { publish: await rounds('publish', publishing, (c) => measurePublish(c, publish, server)) }),
  };
}

async function interleave<T>(
  contestants: readonly Contestant[],
  rounds: number,
  measure: (contestant: Contestant, round: number) => Promise<T>,
): Promise<Samples<T>> {
  const samples: Record<string, T[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length] as Contestant;
      samples[contestant.name]?.push(await measure(contestant, round));
    }
  }
  return samples;
}

function contestantNamed(name: string): Contestant {
  const found = READER_CONTESTANTS.find((contestant) => contestant.name === name);
  if (found === undefined) throw new Error(`--contestant ${name}: there are ${READER_CONTESTANTS.map((c) => c.name).join(', ')}`);
  return found;
}
