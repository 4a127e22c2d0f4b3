import { describe, expect, it } from 'vitest';
import type { FanoutSample } from '../scenarios/fanout.js';
import { judge } from './bars.js';
import { renderReport } from './markdown.js';
import { ratios, spread } from './statistics.js';

function cpu(totalUs: number) {
  return { userUs: totalUs / 4, systemUs: (totalUs * 3) / 4, totalUs, delivered: 1, elapsedMs: 1, otherFrames: 0 };
}

function sample(singleUs: number, tenUs: number): FanoutSample {
  return { bytesPerConnection: 6_144, single: cpu(singleUs), ten: cpu(tenUs) };
}

function publishes(perSecond: number) {
  return [{ perSecond, userUs: 1, systemUs: 1, totalUs: 2, coreShare: 1 }];
}

const sizes = { templateBytes: [300, 2_500], latencySize: { readers: 1_000, messages: 40, perSecond: 10, deliveryMsMax: 10_000 } };

const conditions = {
  command: 'npm run bench',
  node: 'v20.20.2',
  kernel: '6.1',
  cores: 2,
  pinned: true,
  rounds: 3,
  connections: 5_000,
};

describe('the report', () => {
  it('takes medians, and ratios within each round', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
    // A machine that becomes three times slower between rounds moves the figures, not the ratio.
    expect(ratios([12, 36], [10, 30])).toEqual({ median: 1.2, min: 1.2, max: 1.2 });
  });

  it('says which bars held and which were missed', () => {
    const fanout = { bare: [sample(10, 1)], 'socket.io': [sample(18, 12)], restante: [sample(13, 4)] };
    const publish = { fastify: publishes(50_000), restante: publishes(24_000) };

    expect(judge({ ...sizes, fanout, publish }).map(({ held }) => held)).toEqual([true, true, false, false]);

    const report = renderReport(conditions, { ...sizes, fanout, publish });
    expect(report).toContain('| restante | 13.00 (13.00–13.00) | 3.25 (3.25–3.25) | 9.75 (9.75–9.75) | 1.30 (1.30–1.30) |');
    expect(report).toContain('| 0.31 (0.31–0.31) | **missed** |');
  });

  it('judges no bar whose contestants did not run', () => {
    expect(judge({ ...sizes, fanout: { bare: [sample(10, 1)] } })).toEqual([]);
  });
});
