import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced, retryAfterMs } from './leaving.js';

const everybody = Array.from({ length: 100 }, (_, i) => i);

describe('leaving', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sends everybody away once, evenly over the time', async () => {
    const gone: number[] = [];
    const leaving = paced(new Set(everybody), 1_000, (one) => gone.push(one));
    await vi.advanceTimersByTimeAsync(450);
    expect(gone.length).toBeGreaterThan(30);
    expect(gone.length).toBeLessThan(70);
    await vi.advanceTimersByTimeAsync(600);
    await leaving;
    expect(gone).toEqual(everybody);
  });

  it('does not wait for those who left by themselves', async () => {
    const here = new Set(everybody);
    const gone: number[] = [];
    const leaving = paced(here, 1_000, (one) => gone.push(one));
    here.clear();
    await vi.advanceTimersByTimeAsync(100);
    await leaving;
    expect(gone.length).toBeLessThan(10);
  });

  it.each([
    [0, 1_000],
    [3_000, 3_000],
    [20_000, 5_000],
    [600_000, 5_000],
  ])('that takes %i ms tells nobody to come back after more than %i ms', (leavingMs, mostMs) => {
    const told = everybody.map(() => retryAfterMs(leavingMs));
    expect(Math.max(...told)).toBeLessThanOrEqual(mostMs);
    expect(new Set(told).size).toBeGreaterThan(50);
    vi.spyOn(Math, 'random').mockReturnValueOnce(0.999_999);
    expect(retryAfterMs(leavingMs)).toBe(mostMs);
  });

  it('is done at once when nobody is there', async () => {
    await expect(paced(new Set(), 10_000, () => undefined)).resolves.toBeUndefined();
  });
});
