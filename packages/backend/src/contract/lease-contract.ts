import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../lease.js';
import { eventually } from './log-harness.js';

export interface LeaseHarness {
  readonly lease: Lease;
  close(): Promise<void>;
}

/** The lease port as tests. */
export function describeLeaseContract(name: string, open: () => Promise<LeaseHarness>): void {
  describe(`lease contract: ${name}`, () => {
    let harness: LeaseHarness;
    let lease: Lease;
    beforeEach(async () => {
      harness = await open();
      lease = harness.lease;
    });
    afterEach(() => harness.close());

    const TTL_MS = 60_000;

    it('gives a free lease to who asks, and tells the others who has it', async () => {
      expect(await lease.hold('news', 'one', TTL_MS)).toBe('one');
      expect(await lease.hold('news', 'two', TTL_MS)).toBe('one');
      expect(await lease.hold('news', 'one', TTL_MS)).toBe('one');
    });

    it('gives it to one of many who ask at once', async () => {
      const holders = await Promise.all(Array.from({ length: 10 }, (_, i) => lease.hold('news', `holder-${i}`, TTL_MS)));
      expect(new Set(holders).size).toBe(1);
    });

    it('keeps the leases of two logs apart', async () => {
      expect(await lease.hold('news', 'one', TTL_MS)).toBe('one');
      expect(await lease.hold('_', 'two', TTL_MS)).toBe('two');
    });

    it('gives it on when it was released, and only its holder can release it', async () => {
      await lease.hold('news', 'one', TTL_MS);
      await lease.release('news', 'two');
      expect(await lease.hold('news', 'two', TTL_MS)).toBe('one');
      await lease.release('news', 'one');
      expect(await lease.hold('news', 'two', TTL_MS)).toBe('two');
      await lease.release('nobody', 'two');
    });

    it('gives it on when its time is over', async () => {
      await lease.hold('news', 'one', 200);
      const holder = await eventually(
        () => lease.hold('news', 'two', TTL_MS),
        (held) => held === 'two',
      );
      expect(holder).toBe('two');
      expect(await lease.hold('news', 'one', TTL_MS)).toBe('two');
    });

    it('keeps it for who renews it in time', async () => {
      const first = performance.now();
      while (performance.now() - first < 600) {
        const asked = performance.now();
        const holder = await lease.hold('news', 'one', 300);
        expect(holder).toBe('one');
        // Asked for within the time that the holder has for certain.
        if (performance.now() - asked < 100) expect(await lease.hold('news', 'two', 300)).toBe('one');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  });
}
