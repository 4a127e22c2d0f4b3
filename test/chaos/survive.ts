import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Cluster,
  type ClusterOptions,
  Crowd,
  type FinishOptions,
  openCluster,
  type RestanteProcess,
  seededRandom,
  testSeed,
  toLine,
  type Verdict,
} from '@restante/testkit';
import { followBySdk } from './sdk-followers.js';

/**
 * What the faults of a cluster have in common: three NATS servers, three edges, two routers and a gateway, a crowd of readers and publishers that
 * never stop, one fault in their midst, and the judge at the end. Invariants: I1, I2, I3, I5, I6, I8.
 */

export interface Stage {
  readonly cluster: Cluster;
  readonly crowd: Crowd;
  readonly random: () => number;
}

export interface SurviveOptions extends Omit<ClusterOptions, 'random'> {
  /** What the end needs to know; asked when everything is published. */
  readonly finish?: (stage: Stage) => Promise<FinishOptions>;
}

/** @param fault returns when nothing more goes wrong; what it began to measure, it measures with the crowd's pauses */
export async function survive(title: string, fault: (stage: Stage) => Promise<void>, options: SurviveOptions = {}): Promise<Verdict> {
  const random = seededRandom(testSeed(title));
  const { finish, ...clusterOptions } = options;
  const begunAt = performance.now();
  const cluster = await openCluster({ ...clusterOptions, random });
  const sdk = followBySdk(cluster.scene, cluster.edges);
  try {
    const crowd = new Crowd(cluster, { random });
    const stage = { cluster, crowd, random };
    await crowd.goesOn();
    const openMs = performance.now() - begunAt;
    crowd.pauses.reset();
    await fault(stage);
    await crowd.goesOn();
    await crowd.stop();
    say(title, crowd.pauses.longestMs);
    const faultMs = performance.now() - begunAt - openMs;
    const verdict = await cluster.scene.finish(await finish?.(stage));
    const inAllMs = performance.now() - begunAt;
    const { published, readers, messages } = verdict;
    process.stderr.write(
      `${title}: ${published} published, ${messages} received by ${readers}; ` +
        `${Math.round(openMs)} ms to open, ${Math.round(faultMs)} ms with the fault, ${Math.round(inAllMs)} ms in all\n`,
    );
    return verdict;
  } catch (error) {
    const file = join(tmpdir(), `${title}-${process.pid}.history`);
    await writeFile(file, cluster.scene.recorder.events.map(toLine).join(''));
    process.stderr.write(`${title}: the whole history is in ${file}; what the processes said:\n${cluster.said}\n`);
    throw error;
  } finally {
    await sdk.close();
    await cluster.close();
  }
}

/** Of each process, whether it says that it is ready. */
export function readiness(processes: readonly RestanteProcess[]): Promise<boolean[]> {
  return Promise.all(processes.map(async ({ adminUrl }) => (await fetch(`${adminUrl}/readyz`)).ok));
}

function say(title: string, pauses: ReadonlyMap<string, number>): void {
  const all = [...pauses].map(([name, ms]) => `${name} ${ms} ms`).join(', ');
  process.stderr.write(`${title}: longest pauses: ${all}\n`);
}
