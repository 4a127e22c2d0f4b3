import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced } from './leaving.js';

describe('leaving', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sends everybody away once, evenly over the time', async () => {
    const gone: number[] = [];
    const leaving = paced(
      Array.from({ length: 100 }, (_, i) => i),
      1_000,
      (one) => gone.push(one),
    );
    await vi.advanceTimersByTimeAsync(450);
    expect(gone.length).toBeGreaterThan(30);
    expect(gone.length).toBeLessThan(70);
    await vi.advanceTimersByTimeAsync(600);
    await leaving;
    expect(gone).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('is done at once when nobody is there', async () => {
    await expect(paced([], 10_000, () => undefined)).resolves.toBeUndefined();
  });
});
