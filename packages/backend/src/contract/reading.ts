import { entryBytes } from '@restante/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../log.js';
import { at, bodies, fill, KEEP_ALL, type LogAdapter, PAGE, patterns, readEvery, readLatest, seqs, store, text } from './log-harness.js';
import { withHarness } from './with-harness.js';

/** Pages: what is in them, where they end, and how one goes on (I3). */
export function describeReading(adapter: LogAdapter): void {
  describe('reading', () => {
    const harness = withHarness(adapter);
    let log: Log;
    beforeEach(async () => {
      log = await harness().openLog('_', KEEP_ALL);
    });

    it('answers an empty log with an empty page', async () => {
      expect(await readEvery(log, ['/**'])).toMatchObject({ entries: [], start: 0, next: 0, head: 0, floor: 0, complete: true });
      expect(await readLatest(log, ['/**'])).toMatchObject({ entries: [], next: 0, complete: true });
      expect(await log.readNewest({ patterns: patterns('/**'), ...PAGE })).toMatchObject({
        entries: [],
        start: 0,
        next: 0,
        complete: true,
      });
    });

    it('matches exactly, one segment deep, and any number deep', async () => {
      await store(log, ...['/a', '/a/b', '/a/b/c', '/ab', '/a/b2', '/a-b', '/a0', '/service/x', '/b'].map((name) => text(name, name)));
      expect(bodies(await readEvery(log, ['/a']))).toEqual(['/a']);
      expect(bodies(await readEvery(log, ['/a/*']))).toEqual(['/a/b', '/a/b2']);
      expect(bodies(await readEvery(log, ['/a/**']))).toEqual(['/a/b', '/a/b/c', '/a/b2']);
      expect(bodies(await readEvery(log, ['/*']))).toEqual(['/a', '/ab', '/a-b', '/a0', '/b']);
      expect(bodies(await readEvery(log, ['/**']))).toEqual(['/a', '/a/b', '/a/b/c', '/ab', '/a/b2', '/a-b', '/a0', '/b']);
      expect(bodies(await readEvery(log, ['/service/x']))).toEqual(['/service/x']);
      expect(bodies(await readEvery(log, ['/nobody', '/no/**']))).toEqual([]);
    });

    it('gives an entry that several patterns match once, in order', async () => {
      await store(log, ...['/b', '/a/x', '/a', '/c', '/a/x'].map((name) => text(name, name)));
      for (const read of [readEvery, readLatest]) {
        const page = await read(log, ['/a/**', '/a/x', '/a', '/b']);
        expect(seqs(page)).toEqual(seqs(page).toSorted((x, y) => x - y));
        expect(new Set(seqs(page)).size).toBe(page.entries.length);
      }
      expect(bodies(await readEvery(log, ['/a/**', '/a/x', '/a', '/b']))).toEqual(['/b', '/a/x', '/a', '/a/x']);
    });

    it('goes on after a position, and ends at upTo', async () => {
      const all = await fill(log, '/a', 10);
      const [second, eighth] = [all[1] as number, all[7] as number];
      const page = await log.read({ patterns: patterns('/a'), after: await at(log, second), upTo: eighth, mode: 'every', ...PAGE });
      expect(seqs(page)).toEqual(all.slice(2, 8));
      expect(page).toMatchObject({ start: second, next: eighth, complete: true });
      const nothing = await log.read({ patterns: patterns('/a'), after: await at(log, eighth), upTo: second, mode: 'every', ...PAGE });
      expect(nothing).toMatchObject({ entries: [], start: eighth, next: eighth });
    });

    it('reads up to the head where nothing matches, and never claims more', async () => {
      const all = await fill(log, '/a', 5);
      expect(await readEvery(log, ['/b'])).toMatchObject({ entries: [], next: all[4], complete: true });
      const page = await log.read({ patterns: patterns('/b'), after: 'earliest', upTo: 1_000_000, mode: 'every', ...PAGE });
      expect(page.next).toBe(all[4]);
    });

    it.each(['/a', '/a/**', '/**'])('pages through %s by limit without a gap or a double', async (pattern) => {
      for (let i = 0; i < 40; i += 1) await store(log, text('/a', `a${i}`), text('/a/b', `b${i}`), text('/c', `c${i}`));
      const whole = seqs(await readEvery(log, [pattern]));
      const collected: number[] = [];
      let after = await at(log, 0);
      for (;;) {
        const page = await log.read({ patterns: patterns(pattern), after, mode: 'every', limit: 7, bytes: PAGE.bytes });
        expect(page.entries.length).toBeLessThanOrEqual(7);
        if (page.entries.length === 7) expect(page.next).toBe(seqs(page).at(-1));
        collected.push(...seqs(page));
        after = await at(log, page.next);
        if (page.next === page.head) break;
      }
      expect(collected).toEqual(whole);
    });

    it.each(['every', 'latest'] as const)('splits pages of %s by bytes, with at least one entry in each', async (mode) => {
      for (let i = 0; i < 5; i += 1) await store(log, text(`/a/${i}`, 'x'.repeat(1_000)));
      const one = entryBytes(text('/a/0', 'x'.repeat(1_000)));
      const read = (bytes: number) => log.read({ patterns: patterns('/a/*'), after: 'earliest', mode, limit: 100, bytes });
      expect((await read(1)).entries.length).toBe(1);
      expect((await read(2 * one)).entries.length).toBe(2);
      const page = await read(3 * one - 1);
      expect(page.entries.length).toBe(2);
      expect(page.next).toBe(seqs(page)[1]);
    });

    it('gives the newest entry of every matching mailbox, ascending, if it lies after the position', async () => {
      // One by one: within a call there is no order between mailboxes.
      const texts: [string, string][] = [
        ['/r/a', 'a1'],
        ['/r/b', 'b1'],
        ['/r/a', 'a2'],
        ['/r/c', 'c1'],
        ['/s', 's'],
        ['/r/b', 'b2'],
      ];
      for (const [mailbox, body] of texts) await store(log, text(mailbox, body));
      const page = await readLatest(log, ['/r/*']);
      expect(bodies(page)).toEqual(['a2', 'c1', 'b2']);
      expect(page.next).toBe(page.head);
      expect(bodies(await readLatest(log, ['/r/*'], await at(log, seqs(page)[0] as number)))).toEqual(['c1', 'b2']);
      expect(bodies(await readLatest(log, ['/r/b', '/s']))).toEqual(['s', 'b2']);
    });

    it('gives the newest up to upTo, though there are newer ones', async () => {
      await store(log, text('/r/a', 'a1'), text('/r/b', 'b1'));
      const [stored] = await store(log, text('/r/a', 'a2'));
      await store(log, text('/r/b', 'b2'));
      const upTo = stored?.position.seq as number;
      const page = await log.read({ patterns: patterns('/r/**'), after: 'earliest', upTo, mode: 'latest', ...PAGE });
      expect(bodies(page)).toEqual(['b1', 'a2']);
      expect(page.next).toBe(upTo);
    });

    it('resumes a snapshot half-way, while mailboxes go on changing', async () => {
      for (let i = 0; i < 20; i += 1) await store(log, text(`/r/${i}`, `${i} old`));
      const first = await log.read({ patterns: patterns('/r/*'), after: 'earliest', mode: 'latest', limit: 8, bytes: PAGE.bytes });
      expect(bodies(first)).toEqual(Array.from({ length: 8 }, (_, i) => `${i} old`));
      expect(first.next).toBe(seqs(first)[7]);
      await store(log, text('/r/3', '3 new'), text('/r/15', '15 new'));
      const rest = await readLatest(log, ['/r/*'], await at(log, first.next));
      expect(bodies(rest)).toEqual([8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19].map((i) => `${i} old`).concat('3 new', '15 new'));
    });

    it.each(['/a', '/a/**', '/**'])('reads the newest of %s, and pages back to the floor', async (pattern) => {
      for (let i = 0; i < 15; i += 1) await store(log, text('/a', `a${i}`), text('/a/b', `b${i}`), text('/c', `c${i}`));
      const whole = seqs(await readEvery(log, [pattern]));
      const newest = await log.readNewest({ patterns: patterns(pattern), limit: 4, bytes: PAGE.bytes });
      expect(seqs(newest)).toEqual(whole.slice(-4));
      expect(newest).toMatchObject({ next: newest.head, complete: true });
      let page = newest;
      let collected = seqs(newest);
      while (page.start > page.floor) {
        const before = await at(log, page.start + 1);
        page = await log.readNewest({ patterns: patterns(pattern), before, limit: 4, bytes: PAGE.bytes });
        expect(page).toMatchObject({ next: before.seq - 1, complete: true });
        collected = [...seqs(page), ...collected];
      }
      expect(collected).toEqual(whole);
    });

    it('splits pages of the newest by bytes, with at least one entry', async () => {
      const all = await fill(log, '/a', 5);
      const page = await log.readNewest({ patterns: patterns('/a'), limit: 10, bytes: 1 });
      expect(seqs(page)).toEqual([all[4]]);
      expect(page.start).toBe((all[4] as number) - 1);
    });

    it('holds, before the first entry, nothing', async () => {
      const all = await fill(log, '/a', 2);
      const page = await log.readNewest({ patterns: patterns('/a'), before: await at(log, all[0] as number), ...PAGE });
      expect(page).toMatchObject({ entries: [], complete: true });
    });

    it('finds few among many, exactly and by pattern', async () => {
      for (let i = 0; i < 10; i += 1) {
        await fill(log, `/many/${i}`, 300);
        await store(log, text(`/few/${i % 2}/x`, `${i}`));
      }
      expect(bodies(await readEvery(log, ['/few/**']))).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
      expect(bodies(await readEvery(log, ['/few/0/x', '/few/1/x', '/none']))).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
      expect(bodies(await readEvery(log, ['/few/1/*']))).toEqual(['1', '3', '5', '7', '9']);
      expect(bodies(await log.readNewest({ patterns: patterns('/few/**'), limit: 3, bytes: PAGE.bytes }))).toEqual(['7', '8', '9']);
      expect(bodies(await readLatest(log, ['/few/**']))).toEqual(['8', '9']);
      expect((await readEvery(log, ['/many/**'])).entries.length).toBe(1_000);
    });
  });
}
