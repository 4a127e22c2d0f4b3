import { describe, expect, it } from 'vitest';
import { BARE, DROPPING, SOCKET_IO } from './contestants/contestants.js';
import { measureFanout } from './scenarios/fanout.js';
import { measureLatency } from './scenarios/latency.js';
import { measurePublish } from './scenarios/publish.js';
import { templatesFor } from './scenarios/templates.js';

/** Real processes, tiny numbers: that the harness counts right and refuses to report a server that delivers less. */

const readers = 20;
const deliveryMsMax = 1_000;
const size = { readers, singleTicks: 3, tenTicks: 2, deliveryMsMax };

describe('the harness', () => {
  it.each([BARE, SOCKET_IO])(
    'counts every message of $name, one and ten a tick',
    async (contestant) => {
      const sample = await measureFanout(contestant, size, { pinned: false, templates: await templatesFor([BARE], false) });

      expect(sample.single.delivered).toBe(readers * 3);
      expect(sample.ten.delivered).toBe(readers * 2 * 10);
      expect(sample.bytesPerConnection).toBeGreaterThan(0);
    },
    30_000,
  );

  it('reports nothing for a server that keeps one message from one reader', async () => {
    const templates = await templatesFor([DROPPING], false);

    await expect(measureFanout(DROPPING, size, { pinned: false, templates })).rejects.toThrow(
      /^dropping: after 1000 ms 1 of 20 readers lack messages/,
    );
  }, 30_000);

  it('notices a missing message by the next one', async () => {
    const templates = await templatesFor([DROPPING], false);

    await expect(
      measureLatency(DROPPING, { readers, messages: 20, perSecond: 50, deliveryMsMax }, { pinned: false, templates }),
    ).rejects.toThrow(/^dropping: a reader expected message \d+ and got \d+$/);
  }, 30_000);

  it('measures latency from the moment a publish was due', async () => {
    const templates = await templatesFor([BARE], false);
    const sample = await measureLatency(BARE, { readers, messages: 5, perSecond: 50, deliveryMsMax }, { pinned: false, templates });

    expect(sample.delivered).toBe(readers * 5);
    expect(sample.p50Ms).toBeGreaterThan(0);
    expect(sample.p99Ms).toBeGreaterThanOrEqual(sample.p50Ms);
    expect(sample.maxMs).toBeGreaterThanOrEqual(sample.p99Ms);
  }, 30_000);

  it('counts publishes that overtake their answers', async () => {
    const templates = await templatesFor([BARE], false);
    const sample = await measureLatency(BARE, { readers, messages: 1_000, perSecond: 5_000, deliveryMsMax }, { pinned: false, templates });

    expect(sample.delivered).toBe(readers * 1_000);
  }, 30_000);

  it('ends with the reason when a publish is refused', async () => {
    await expect(measurePublish(SOCKET_IO, { publishers: 2, seconds: 1 }, { pinned: false, templates: [] })).rejects.toThrow(
      /^socket\.io: HTTP\/1\.1 404/,
    );
  }, 30_000);
});
