import type { NewEntry } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { bodies, eventually, fill, KEEP_ALL, type LogAdapter, readEvery, store, stored, text } from './log-harness.js';
import { withHarness } from './with-harness.js';

/** Order, ids and times of what is appended (I1, I2, I8). */
export function describeAppending(adapter: LogAdapter): void {
  describe('appending', () => {
    const harness = withHarness(adapter);

    it('gives ascending seqs of one epoch, and answers in the order of the call', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const outcomes = await store(log, text('/a', '1'), text('/b', '2'), text('/a', '3'));
      const [first, second, third] = outcomes.map((outcome) => outcome.position.seq) as [number, number, number];
      expect(first).toBeGreaterThanOrEqual(1);
      expect(second).toBeGreaterThan(first);
      expect(third).toBeGreaterThan(second);
      expect(new Set(outcomes.map((outcome) => outcome.position.epoch)).size).toBe(1);
      expect(outcomes.every((outcome) => !outcome.duplicate)).toBe(true);
      expect(bodies(await readEvery(log, ['/a']))).toEqual(['1', '3']);
    });

    it('gives back every field as it was given', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const binary = {
        mailbox: '/a/B-_!~()$@9',
        kind: 'base64',
        id: 'an id!~',
        contentType: 'image/png; ü=1',
        headers: { 'restante-origin': 'ü', 'restante-b': '' },
        data: new Uint8Array([0, 255, 10, 13, 128]),
      } as const;
      const json = { mailbox: '/a/json', kind: 'data', data: Buffer.from('{"a":1.0}') } as const;
      const empty = { mailbox: '/a/empty', kind: 'text', data: new Uint8Array() } as const;
      await store(log, binary, json, empty);
      const { entries } = await readEvery(log, ['/**']);
      const plain = (entry: NewEntry) => ({ ...entry, data: [...entry.data] });
      const expected = [binary, json, empty].map((entry, i) => ({ ...plain(entry), seq: i + 1, time: entries[i]?.time }));
      expect(entries.map(plain)).toEqual(expected);
    });

    it('stores 1,000 messages of one call, and a large one', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await fill(log, '/many', 1_000);
      await store(log, text('/large', 'x'.repeat(512 * 1024)));
      expect((await readEvery(log, ['/many'])).entries.length).toBe(1_000);
      expect(bodies(await readEvery(log, ['/large']))[0]?.length).toBe(512 * 1024);
    });

    it('keeps the order of calls to one mailbox that are under way together', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const calls = Array.from({ length: 50 }, (_, i) => log.append([text('/a', `${2 * i}`), text('/a', `${2 * i + 1}`)]));
      for (const outcomes of await Promise.all(calls)) outcomes.map(stored);
      expect(bodies(await readEvery(log, ['/a']))).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    });

    it('shows a message to readers as soon as its append resolved', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      for (let i = 0; i < 20; i += 1) {
        const [outcome] = await store(log, text('/a', `${i}`));
        const page = await readEvery(log, ['/a']);
        expect(page.head).toBe(outcome?.position.seq);
        expect(bodies(page).at(-1)).toBe(`${i}`);
      }
    });

    it('stores an id once within a batch', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const [first, again] = await store(log, text('/a', '1', 'x'), text('/a', '2', 'x'));
      expect(again).toMatchObject({ position: first?.position, duplicate: true });
      expect(bodies(await readEvery(log, ['/a']))).toEqual(['1']);
    });

    it('stores an id once when it comes again later, and tells the position of the first', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const [first] = await store(log, text('/a', '1', 'x'));
      await fill(log, '/a', 3);
      const [again] = await store(log, text('/a', 'other bytes', 'x'));
      expect(again).toMatchObject({ position: first?.position, duplicate: true });
    });

    it('stores an id once when it comes many times at once', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const calls = await Promise.all(Array.from({ length: 20 }, () => store(log, text('/a', '1', 'x'))));
      const outcomes = calls.flat();
      expect(outcomes.filter((outcome) => !outcome.duplicate).length).toBe(1);
      expect(new Set(outcomes.map((outcome) => outcome.position.seq)).size).toBe(1);
      expect(bodies(await readEvery(log, ['/a']))).toEqual(['1']);
    });

    it('never suppresses a message because another mailbox has its id', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const outcomes = await store(log, text('/a', '1', 'x'), text('/b', '2', 'x'), text('/a/b', '3', 'x'), text('/a', '4', 'b x'));
      expect(outcomes.map((outcome) => outcome.duplicate)).toEqual([false, false, false, false]);
    });

    it('takes an id again when its window is over', async () => {
      const log = await harness().openLog('_', { idWindowMs: 200 });
      const [first] = await store(log, text('/a', '1', 'x'));
      const [again] = await eventually(
        () => store(log, text('/a', '2', 'x')),
        (outcomes) => outcomes[0]?.duplicate === false,
      );
      expect(again?.position.seq).toBeGreaterThan(first?.position.seq as number);
      expect(bodies(await readEvery(log, ['/a']))).toEqual(['1', '2']);
    });

    it('tells with an acknowledgement, where it tells a time at all, the time of the entry', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      const outcomes = await store(log, text('/a', '1', 'x'), text('/b', '2'), text('/a', '3', 'x'));
      const times = new Map((await readEvery(log, ['/**'])).entries.map(({ seq, time }) => [seq, time]));
      for (const { position, time } of outcomes) expect([undefined, times.get(position.seq)]).toContain(time);
    });

    it('gives times that never go back, in order of seq', async () => {
      const log = await harness().openLog('_', KEEP_ALL);
      await Promise.all(Array.from({ length: 20 }, () => fill(log, '/a', 10)));
      const times = (await readEvery(log, ['/a'])).entries.map((entry) => entry.time);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.every(Number.isInteger)).toBe(true);
    });

    it('keeps two logs apart', async () => {
      const rest = await harness().openLog('_', KEEP_ALL);
      const news = await harness().openLog('news', KEEP_ALL);
      await store(rest, text('/a', 'rest', 'x'));
      const [other] = await store(news, text('/news/a', 'news', 'x'));
      expect(other?.duplicate).toBe(false);
      expect(bodies(await readEvery(rest, ['/**']))).toEqual(['rest']);
      expect(bodies(await readEvery(news, ['/**']))).toEqual(['news']);
      expect((await rest.state()).epochs).not.toEqual((await news.state()).epochs);
    });

    it('opens the same log as the same object', async () => {
      const [one, two] = await Promise.all([harness().openLog('_', KEEP_ALL), harness().openLog('_', KEEP_ALL)]);
      expect(one).toBe(two);
    });
  });
}
