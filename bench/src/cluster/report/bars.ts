import type { Bar } from '../../report/bars.js';
import { ratios, spread } from '../../report/statistics.js';
import type { ClusterSamples } from '../suite.js';

/** The promises of a cluster, as far as they were measured; each judged by its median. */

const BARS = { publishToBareMin: 0.8, routerLostMsMax: 2_000, stormReadsMax: 4 } as const;

export function judgeCluster({ publish, losses, storm }: ClusterSamples): Bar[] {
  const bars: Bar[] = [];
  if (publish) {
    const perSecond = (name: string): number[] => (publish.many[name] ?? []).map((sample) => sample.perSecond);
    const ratio = ratios(perSecond('gateway, batch call'), perSecond('bare client'));
    const promise = `batch call, 1,000 mailboxes: at least ${BARS.publishToBareMin} × the bare client's rate`;
    bars.push({ promise, ratio, held: ratio.median >= BARS.publishToBareMin });
  }
  if (losses) {
    const ratio = spread(losses['the router that serves'].map(({ deliveredMs }) => deliveredMs));
    const promise = `router lost, NATS whole: delivered again within ${BARS.routerLostMsMax} ms`;
    bars.push({ promise, ratio, held: ratio.median <= BARS.routerLostMsMax });
  }
  if (storm) {
    const ratio = spread(storm.logReadsPerMailbox);
    const promise = `storm: at most ${BARS.stormReadsMax} log reads per edge and mailbox`;
    bars.push({ promise, ratio, held: ratio.max <= BARS.stormReadsMax });
  }
  return bars;
}
