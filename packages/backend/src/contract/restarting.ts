import { describe, expect, it } from 'vitest';
import { at, bodies, eventually, fill, KEEP_ALL, type LogAdapter, readEvery, store, storedBytes, text } from './log-harness.js';
import { withHarness } from './with-harness.js';

/** What a log that outlives its process has after a restart. */
export function describeDurable(adapter: LogAdapter): void {
  describe('restarting', () => {
    const harness = withHarness(adapter);

    it('has everything again after a restart, ids included, and goes on where it was', async () => {
      const before = await harness().openLog('_', KEEP_ALL);
      const [first] = await store(before, text('/a', '1', 'x'), text('/b', '2'));
      const state = await before.state();
      await harness().restart();
      const log = await harness().openLog('_', KEEP_ALL);
      expect(await log.state()).toEqual(state);
      expect(bodies(await readEvery(log, ['/**']))).toEqual(['1', '2']);
      expect(await store(log, text('/a', '1', 'x'))).toMatchObject([{ position: first?.position, duplicate: true }]);
      const [next] = await store(log, text('/a', '3'));
      expect(next?.position.seq).toBeGreaterThan(state.head);
      const times = (await readEvery(log, ['/**'])).entries.map(({ time }) => time);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it('keeps its floor over a restart, and goes on counting bytes exactly', async () => {
      const one = storedBytes(adapter, text('/a', 'x'.repeat(1_000)));
      const policy = { ...KEEP_ALL, bytes: 5 * one };
      let log = await harness().openLog('_', policy);
      for (let i = 0; i < 9; i += 1) await store(log, text('/a', 'x'.repeat(1_000)));
      const before = await eventually(
        () => log.state(),
        (state) => state.head - state.floor === 5,
      );
      await harness().restart();
      log = await harness().openLog('_', policy);
      expect(await log.state()).toEqual(before);
      await store(log, text('/a', 'x'.repeat(1_000)));
      const { floor } = await eventually(
        () => log.state(),
        (state) => state.floor > before.floor,
      );
      expect(floor).toBe(before.floor + 1);
    });
  });
}

/** A log that does not must not look as if it did (I11). */
export function describeVolatile(adapter: LogAdapter): void {
  describe('restarting', () => {
    const harness = withHarness(adapter);

    it('has a new epoch after a restart, and serves no old position in silence', async () => {
      const before = await harness().openLog('_', KEEP_ALL);
      await fill(before, '/a', 3);
      const old = await at(before, 2);
      await harness().restart();
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 3);
      expect(await readEvery(log, ['/a'], old)).toMatchObject({ complete: false, reason: 'history', start: 0 });
    });
  });
}
