import { launchNats } from '@restante/testkit';
import { type CeilingSamples, measureCeiling } from './scenarios/ceiling.js';
import { type CostSamples, measureCosts } from './scenarios/costs.js';
import { type EdgesSample, measureEdges } from './scenarios/edges.js';
import { type LossSamples, measureLosses } from './scenarios/losses.js';
import { type MailboxesSample, measureMailboxes } from './scenarios/mailboxes.js';
import { measurePublish, type PublishSamples } from './scenarios/publish.js';
import { measureStorm, type StormSample } from './scenarios/storm.js';
import type { SuiteSize } from './size.js';

/** Runs the scenarios of a cluster one after the other, each with processes of its own; one that fails does not take the others' results along. */

export interface ClusterSamples {
  readonly nats: string;
  /** By scenario: why it has no result. */
  readonly faults: Readonly<Record<string, string>>;
  readonly publish?: PublishSamples;
  readonly costs?: CostSamples;
  readonly edges?: readonly EdgesSample[];
  readonly losses?: LossSamples;
  readonly storm?: StormSample;
  readonly mailboxes?: MailboxesSample;
  readonly ceiling?: CeilingSamples;
}

const MEASURES = {
  publish: measurePublish,
  costs: measureCosts,
  edges: measureEdges,
  losses: measureLosses,
  storm: measureStorm,
  mailboxes: measureMailboxes,
  ceiling: measureCeiling,
} as const satisfies { [Name in keyof Omit<ClusterSamples, 'nats' | 'faults'>]-?: (size: SuiteSize) => Promise<ClusterSamples[Name]> };

export const CLUSTER_SCENARIOS = Object.keys(MEASURES) as readonly (keyof typeof MEASURES)[];

export async function runCluster(scenarios: readonly string[], size: SuiteSize, say: (line: string) => void): Promise<ClusterSamples> {
  const samples: Record<string, unknown> = {};
  const faults: Record<string, string> = {};
  const nats = await natsVersion();
  for (const name of CLUSTER_SCENARIOS.filter((one) => scenarios.includes(one))) {
    const startedAt = performance.now();
    try {
      samples[name] = await MEASURES[name](size);
    } catch (error) {
      faults[name] = (error as Error).message;
    }
    say(`${name}: ${faults[name] ?? 'measured'}, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  }
  return { nats, faults, ...samples };
}

async function natsVersion(): Promise<string> {
  const nats = await launchNats();
  try {
    return ((await nats.server(0).monitor('varz')) as { version: string }).version;
  } finally {
    await nats.stop();
  }
}
