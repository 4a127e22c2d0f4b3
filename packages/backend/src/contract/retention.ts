import { describe, expect, it } from 'vitest';
import {
  at,
  bodies,
  eventually,
  fill,
  KEEP_ALL,
  type LogAdapter,
  PAGE,
  patterns,
  readEvery,
  readLatest,
  seqs,
  store,
  storedBytes,
  text,
} from './log-harness.js';
import { withHarness } from './with-harness.js';

/** Retention removes from the old end only, so the floor is one exact number. */
export function describeRetention(adapter: LogAdapter): void {
  describe('retention', () => {
    const harness = withHarness(adapter);
    const one = storedBytes(adapter, text('/a', 'x'.repeat(1_000)));

    it('removes the oldest by bytes, and says exactly up to where', async () => {
      const log = await harness().openLog('_', { ...KEEP_ALL, bytes: 10 * one });
      for (let i = 0; i < 25; i += 1) await store(log, text('/a', 'x'.repeat(1_000)));
      const { floor, head } = await eventually(
        () => log.state(),
        (state) => state.head - state.floor <= 10,
      );
      expect(head - floor).toBe(10);
      const page = await readEvery(log, ['/a']);
      expect(seqs(page)).toEqual(Array.from({ length: 10 }, (_, i) => floor + 1 + i));
      expect(page).toMatchObject({ start: floor, complete: true });
    });

    it('removes by age until nothing is left, and the floor is the last removed', async () => {
      const log = await harness().openLog('_', { ...KEEP_ALL, ageMs: 300 });
      const [, last] = await fill(log, '/a', 2);
      const state = await eventually(
        () => log.state(),
        ({ floor }) => floor === last,
      );
      expect(state.head).toBe(last);
      expect(await readEvery(log, ['/a'])).toMatchObject({ entries: [], start: last, next: last, complete: true });
      expect(await readLatest(log, ['/**'])).toMatchObject({ entries: [], next: last });
      expect((await log.readNewest({ patterns: patterns('/a'), ...PAGE })).entries).toEqual([]);
      const [next] = await store(log, text('/a', 'new'));
      expect(next?.position.seq).toBe((last as number) + 1);
      expect(bodies(await readLatest(log, ['/**']))).toEqual(['new']);
    });

    it('tells a reader below the floor that something is gone, whatever its pattern, and goes on at the floor', async () => {
      const log = await harness().openLog('_', { ...KEEP_ALL, bytes: 3 * one });
      for (let i = 0; i < 6; i += 1) await store(log, text(i % 2 === 0 ? '/a' : '/b', 'x'.repeat(1_000)));
      const { floor } = await eventually(
        () => log.state(),
        (state) => state.head - state.floor === 3,
      );
      for (const pattern of ['/a', '/b', '/quiet', '/**']) {
        const page = await readEvery(log, [pattern], await at(log, floor - 1));
        expect(page).toMatchObject({ complete: false, reason: 'retention', start: floor, floor });
        expect(await readEvery(log, [pattern], await at(log, floor))).toMatchObject({ complete: true, start: floor });
      }
      expect(await log.readNewest({ patterns: patterns('/a'), before: await at(log, floor - 1), ...PAGE })).toMatchObject({
        entries: [],
        complete: false,
        reason: 'retention',
      });
      expect(await log.verify(await at(log, floor - 1))).toBe(false);
      expect(await log.verify(await at(log, floor))).toBe(true);
    });

    it('takes an id again when retention removed the first', async () => {
      const log = await harness().openLog('_', { ...KEEP_ALL, bytes: 3 * one });
      await store(log, text('/a', 'x'.repeat(1_000), 'x'));
      for (let i = 0; i < 5; i += 1) await store(log, text('/b', 'x'.repeat(1_000)));
      await eventually(
        () => log.state(),
        (state) => state.head - state.floor <= 3,
      );
      const [again] = await store(log, text('/a', 'again', 'x'));
      expect(again?.duplicate).toBe(false);
      expect(bodies(await readLatest(log, ['/a']))).toEqual(['again']);
    });

    it('keeps a mailbox whose newest entry is retained, though its older ones are gone', async () => {
      const log = await harness().openLog('_', { ...KEEP_ALL, bytes: 4 * one });
      for (let i = 0; i < 4; i += 1) await store(log, text('/a', 'x'.repeat(1_000)), text('/b', 'x'.repeat(1_000)));
      await eventually(
        () => log.state(),
        (state) => state.head - state.floor === 4,
      );
      expect((await readLatest(log, ['/*'])).entries.map((entry) => entry.mailbox)).toEqual(['/a', '/b']);
      expect((await readEvery(log, ['/a'])).entries.length).toBe(2);
    });
  });
}
