import { describe, expect, it } from 'vitest';
import {
  at,
  bodies,
  fill,
  KEEP_ALL,
  type LogAdapter,
  PAGE,
  patterns,
  readEvery,
  readLatest,
  store,
  takeTail,
  text,
} from './log-harness.js';
import { withHarness } from './with-harness.js';

/** A purge erases a mailbox and is an entry like any other, so that every cache erases too. */
export function describePurging(adapter: LogAdapter): void {
  describe('purging', () => {
    const harness = withHarness(adapter);

    it('erases the entries, and delivers a control entry that is the newest of that mailbox', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await store(log, text('/a', '1'), text('/a/b', '2'), text('/a', '3'), text('/ab', '4'));
      const position = await log.purge('/a');
      const page = await readEvery(log, ['/**']);
      expect(page.entries.map(({ mailbox, kind }) => [mailbox, kind])).toEqual([
        ['/a/b', 'text'],
        ['/ab', 'text'],
        ['/a', 'purged'],
      ]);
      expect(page.entries[2]).toMatchObject({ seq: position.seq, mailbox: '/a' });
      expect(page.entries[2]?.data.byteLength).toBe(0);
      expect(position).toEqual(await at(log, page.head));
      expect((await readLatest(log, ['/a'])).entries.map((entry) => entry.kind)).toEqual(['purged']);
      expect((await log.readNewest({ patterns: patterns('/a'), ...PAGE })).entries.map((entry) => entry.kind)).toEqual(['purged']);
      expect((await log.state()).floor).toBe(0);
    });

    it('leaves positions valid, and what comes later readable', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/a', 3);
      const early = await at(log, 1);
      await log.purge('/a');
      await store(log, text('/a', 'later'));
      const page = await readEvery(log, ['/a'], early);
      expect(page.complete).toBe(true);
      expect(page.entries.map((entry) => entry.kind)).toEqual(['purged', 'text']);
      expect(bodies(await readLatest(log, ['/a']))).toEqual(['later']);
    });

    it('forgets the ids of what it erased', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await store(log, text('/a', '1', 'x'), text('/b', '2', 'x'));
      await log.purge('/a');
      const [a, b] = await store(log, text('/a', '3', 'x'), text('/b', '4', 'x'));
      expect(a?.duplicate).toBe(false);
      expect(b?.duplicate).toBe(true);
    });

    it('keeps its place among appends that are under way', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const before = log.append([text('/a', 'before')]);
      const purge = log.purge('/a');
      const after = log.append([text('/a', 'after')]);
      await Promise.all([before, purge, after]);
      expect((await readEvery(log, ['/a'])).entries.map((entry) => entry.kind)).toEqual(['purged', 'text']);
    });

    it('purges what was never there, and again', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await log.purge('/a');
      await log.purge('/a');
      expect((await readEvery(log, ['/a'])).entries.map((entry) => entry.kind)).toEqual(['purged']);
    });

    it('is in the tail', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await store(log, text('/a', '1'), text('/b', '2'));
      await log.purge('/a');
      const entries = await takeTail(log, 'earliest', (taken) => taken.at(-1)?.kind === 'purged');
      expect(entries.map((entry) => entry.mailbox)).toEqual(['/b', '/a']);
    });
  });
}
