import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.js';
import { DATA_BYTES, markersIn, payloadNumber, payloadText, payloadTimeUs } from './payload.js';
import { frameHead, serverFrame } from './websocket.js';

describe('the payload', () => {
  it('is 128 bytes of JSON that carry number and time', () => {
    const bytes = Buffer.from(JSON.stringify(payloadText(4_711, 123_456.7)));

    expect(bytes.length).toBe(DATA_BYTES);
    expect(markersIn(bytes)).toEqual([1]);
    expect(payloadNumber(bytes, 1)).toBe(4_711);
    expect(payloadTimeUs(bytes, 1)).toBe(123_457);
  });

  it('is found as often as it occurs', () => {
    expect(markersIn(Buffer.from(`${payloadText(1, 0)}${payloadText(2, 0)} ${payloadText(3, 0)}`))).toHaveLength(3);
  });
});

describe('a frame head', () => {
  it.each([5, 125, 126, 60_000])('frames %i bytes and knows where they end', (length) => {
    const frame = serverFrame('y'.repeat(length));
    const head = frameHead(frame, 0);

    expect(head?.end).toBe(frame.length);
    expect(frame.subarray(head?.payloadStart).toString()).toBe('y'.repeat(length));
  });

  it('waits until it is there as a whole', () => {
    const frame = serverFrame('y'.repeat(300));

    expect(frameHead(frame.subarray(0, 3), 0)).toBeUndefined();
    expect(frameHead(frame.subarray(0, 4), 0)?.end).toBe(304);
  });
});

describe('the latency histogram', () => {
  it('gives the latency that a share does not exceed', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 100; ms++) histogram.add(ms * 1_000);

    expect(histogram.quantileMs(0.5)).toBe(50);
    expect(histogram.quantileMs(0.99)).toBe(99);
    expect(histogram.quantileMs(1)).toBe(100);
  });
});
