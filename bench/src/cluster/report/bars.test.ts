import { describe, expect, it } from 'vitest';
import { LOSSES, type LossSamples } from '../scenarios/losses.js';
import type { StormSample } from '../scenarios/storm.js';
import { judgeCluster } from './bars.js';

const latency = { delivered: 1, p50Ms: 1, p99Ms: 1, p999Ms: 1, maxMs: 1, behind: 0 };

function storm(...logReadsPerMailbox: number[]): StormSample {
  return { clients: 1, mailboxes: 1, backlog: 1, liveMs: 1, logReadsPerMailbox, calm: latency, meanwhile: latency };
}

function lost(...deliveredMs: number[]): LossSamples {
  const trials = deliveredMs.map((ms) => ({ deliveredMs: ms, refused: 0 }));
  return Object.fromEntries(LOSSES.map((loss) => [loss, trials])) as unknown as LossSamples;
}

function rates(gateway: number) {
  const at = (perSecond: number) => [{ perSecond, cpuUs: 1 }];
  return { many: { 'bare client': at(10_000), 'gateway, batch call': at(gateway) }, one: {} };
}

describe('the promises of a cluster', () => {
  it.each([
    [{ publish: rates(8_000) }, true],
    [{ publish: rates(7_900) }, false],
    [{ losses: lost(1_500, 1_900, 2_600) }, true],
    [{ losses: lost(1_500, 2_100, 2_600) }, false],
    [{ storm: storm(1, 4) }, true],
    [{ storm: storm(1, 4.1) }, false],
  ])('judge %j', (samples, held) => {
    expect(judgeCluster({ nats: '2', faults: {}, ...samples }).map((bar) => bar.held)).toEqual([held]);
  });

  it('are not judged where they were not measured', () => {
    expect(judgeCluster({ nats: '2', faults: {} })).toEqual([]);
  });
});
