import type { Log } from '@restante/backend';
import { parsePattern } from '@restante/protocol';
import { expect, it } from 'vitest';
import { httpFixture } from '../testing/fixture.js';
import { PageReads } from './page-reads.js';
import type { PageAfter } from './page-request.js';

it('reads so many pages at once, lets so many stand after them, and refuses the others', async () => {
  const { log } = await httpFixture();
  const held: (() => void)[] = [];
  const slow: Pick<Log, 'name' | 'read'> = {
    name: log.name,
    read: async (request) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return log.read(request);
    },
  };
  const reads = new PageReads(new Map([[log.name, slow as Log]]), 1_000, 10);
  const request: PageAfter = {
    direction: 'after',
    pattern: parsePattern('/a'),
    logs: [log.name],
    limit: 1,
    mode: 'every',
    waitMs: 0,
    after: 'earliest',
  };
  const outcomes = Array.from({ length: 75 }, () =>
    reads.read(request).then(
      () => 'read',
      ({ code }) => code,
    ),
  );
  expect(await outcomes[74]).toBe('OVERLOADED');
  expect(held.length).toBe(64);
  // Those that stand there are let on one by one, and every place is free again in the end.
  for (let ended = 0; ended < 74; ended += 1) {
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    held.shift()?.();
  }
  expect(new Set(await Promise.all(outcomes.slice(0, 74)))).toEqual(new Set(['read']));
  const later = Array.from({ length: 64 }, () => reads.read(request));
  expect(held.length).toBe(64);
  for (const letOn of held) letOn();
  await Promise.all(later);
});
