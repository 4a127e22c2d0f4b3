import { describe, expect, it } from 'vitest';
import type { TailBatch } from '../log.js';
import { at, eventually, fill, KEEP_ALL, type LogAdapter, store, storedBytes, takeTail, text } from './log-harness.js';
import { withHarness } from './with-harness.js';

/** The port promises a batch each second; the rest is for a machine that is busy. */
const SILENCE_MS_MAX = 2_000;

/** Tails: every entry in order, joined batches, alive, and gone when told. */
export function describeTailing(adapter: LogAdapter): void {
  describe('tailing', () => {
    const harness = withHarness(adapter);

    it('gives every entry once and in order, while many append', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const tails = [1, 2, 3].map(() => takeTail(log, 'earliest', (entries) => entries.length >= 1_500));
      for (let round = 0; round < 15; round += 1)
        await Promise.all([0, 1, 2, 3].map((i) => fill(log, i === 0 ? '/service/in' : `/a/${i}`, 25)));
      for (const tail of tails) {
        expect((await tail).map((entry) => entry.seq)).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 1));
      }
    });

    it('goes on after a position', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 10);
      const entries = await takeTail(log, await at(log, 6), (taken) => taken.length >= 4);
      expect(entries.map((entry) => entry.seq)).toEqual([7, 8, 9, 10]);
    });

    it('joins the position that it was given, and proves every second that it is alive', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const [, , last] = await fill(log, '/a', 3);
      const abort = new AbortController();
      const batches: TailBatch[] = [];
      let before = performance.now();
      for await (const batch of log.tail(await at(log, last as number), abort.signal)) {
        expect(performance.now() - before).toBeLessThan(SILENCE_MS_MAX);
        before = performance.now();
        batches.push(batch);
        if (batches.length >= 3) abort.abort();
      }
      for (const batch of batches) expect(batch).toMatchObject({ from: last, upTo: last, head: last, entries: [] });
    });

    it('delivers without waiting for its heartbeat', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const abort = new AbortController();
      const tail = log.tail('earliest', abort.signal)[Symbol.asyncIterator]();
      await tail.next();
      // More rounds than heartbeats fit into the time that they may take.
      const start = performance.now();
      for (let i = 1; i <= 40; i += 1) {
        await store(log, text('/a', `${i}`));
        let batch = (await tail.next()).value as TailBatch;
        while (batch.upTo < i) batch = (await tail.next()).value as TailBatch;
      }
      expect(performance.now() - start).toBeLessThan(5_000);
      abort.abort();
      expect((await tail.next()).done).toBe(true);
    });

    it('ends promptly when aborted, asleep or awake or not yet begun', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 3);
      const abort = new AbortController();
      const tail = log.tail('earliest', abort.signal)[Symbol.asyncIterator]();
      await tail.next();
      const asleep = tail.next();
      abort.abort();
      expect((await asleep).done).toBe(true);
      expect((await tail.next()).done).toBe(true);
      const never = log.tail('earliest', AbortSignal.abort())[Symbol.asyncIterator]();
      expect((await never.next()).done).toBe(true);
    });

    it('goes on at the floor when retention overtook it', async () => {
      const one = storedBytes(adapter, text('/a', 'x'.repeat(1_000)));
      const log = await harness().openLog('_', { ...KEEP_ALL, bytes: 3 * one });
      const abort = new AbortController();
      const tail = log.tail('earliest', abort.signal)[Symbol.asyncIterator]();
      await tail.next();
      for (let i = 0; i < 9; i += 1) await store(log, text('/a', 'x'.repeat(1_000)));
      const { floor, head } = await eventually(
        () => log.state(),
        (state) => state.head - state.floor === 3,
      );
      // The first batch may have been made ready before retention; the next one begins at the floor or joins that one.
      let upTo = 0;
      const seen: number[] = [];
      while (upTo < head) {
        const batch = (await tail.next()).value as TailBatch;
        expect([upTo, floor]).toContain(batch.from);
        seen.push(...batch.entries.map((entry) => entry.seq));
        upTo = batch.upTo;
      }
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(seen.slice(-3)).toEqual([head - 2, head - 1, head]);
      abort.abort();
      await tail.next();
    });
  });
}
