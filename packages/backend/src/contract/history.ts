import { currentEpoch } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { at, bodies, fill, KEEP_ALL, type LogAdapter, PAGE, patterns, readEvery, readLatest, takeTail } from './log-harness.js';
import { withHarness } from './with-harness.js';

/** No position of another history is served in silence (I11). */
export function describeHistory(adapter: LogAdapter): void {
  describe('history', () => {
    const harness = withHarness(adapter);
    const unknown = { epoch: 'zzzzzzzzzz', seq: 1 };

    it('answers an unknown epoch from the floor, and says so', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 3);
      for (const read of [readEvery, readLatest]) {
        expect(await read(log, ['/a'], unknown)).toMatchObject({ complete: false, reason: 'history', start: 0 });
      }
      expect((await readEvery(log, ['/a'], unknown)).entries.length).toBe(3);
      expect(await log.verify(unknown)).toBe(false);
    });

    it('answers a position beyond the head as one of another history', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 3);
      const beyond = await at(log, 4);
      expect(await readEvery(log, ['/a'], beyond)).toMatchObject({ complete: false, reason: 'history', start: 0 });
      expect(await log.verify(beyond)).toBe(false);
      expect(await log.verify(await at(log, 3))).toBe(true);
      expect(await log.verify(await at(log, 0))).toBe(true);
    });

    it('answers a page before a position of another history from the head, and says so', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 3);
      const page = await log.readNewest({ patterns: patterns('/a'), before: unknown, ...PAGE });
      expect(page).toMatchObject({ complete: false, reason: 'history', next: 3 });
      expect(page.entries.length).toBe(3);
    });

    it('keeps positions before a fork valid, and tells those beyond it', async () => {
      const before = await harness().openLog('_', KEEP_ALL);
      await fill(before, '/a', 3);
      const [shared, beyond] = [await at(before, 2), await at(before, 4)];
      await harness().fork('_');
      const log = await harness().openLog('_', KEEP_ALL);
      const { epochs, head } = await log.state();
      expect(epochs.length).toBe(2);
      expect(epochs[0]).toEqual({ epoch: shared.epoch, upTo: 3 });
      expect(head).toBe(3);
      await fill(log, '/b', 3);
      expect(await readEvery(log, ['/**'], shared)).toMatchObject({ complete: true, start: 2, next: 6 });
      const page = await readEvery(log, ['/**'], beyond);
      expect(page).toMatchObject({ complete: false, reason: 'history', start: 3 });
      expect(bodies(page)).toEqual(['/b 0', '/b 1', '/b 2']);
      expect(await log.verify(shared)).toBe(true);
      expect(await log.verify(beyond)).toBe(false);
      expect((await at(log, 6)).epoch).toBe(currentEpoch(epochs));
    });

    it('begins a run of latest anew after a fork, even from a position that both histories share', async () => {
      const before = await harness().openLog('_', KEEP_ALL);
      await fill(before, '/a', 3);
      const shared = await at(before, 2);
      await harness().fork('_');
      const log = await harness().openLog('_', KEEP_ALL);
      const page = await readLatest(log, ['/**'], shared);
      expect(page).toMatchObject({ complete: false, reason: 'history', start: 0 });
      expect(bodies(page)).toEqual(['/a 2']);
    });

    it('begins a tail of another history where that history ends', async () => {
      const before = await harness().openLog('_', KEEP_ALL);
      await fill(before, '/a', 3);
      const beyond = await at(before, 9);
      await harness().fork('_');
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/b', 2);
      const entries = await takeTail(log, beyond, (taken) => taken.length >= 2);
      expect(entries.map((entry) => entry.seq)).toEqual([4, 5]);
    });
  });
}
