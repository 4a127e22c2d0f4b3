import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventParser } from './event-parser.js';

const STREAM = ': hello\n\nretry: 2000\nid: _.epoch001.1\n\nid: _.epoch001.2\ndata: {"mailbox":"/a:b"}\n\nevent: live\ndata: {}\n\n';

it('finds the same blocks however the text is cut', () => {
  const whole = [...new EventParser().push(STREAM)];
  expect(whole).toEqual([
    { event: undefined, id: undefined, data: undefined, retryMs: undefined },
    { event: undefined, id: '_.epoch001.1', data: undefined, retryMs: 2_000 },
    { event: undefined, id: '_.epoch001.2', data: '{"mailbox":"/a:b"}', retryMs: undefined },
    { event: 'live', id: undefined, data: '{}', retryMs: undefined },
  ]);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: STREAM.length })), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
      const parser = new EventParser();
      expect(at.slice(1).flatMap((end, i) => [...parser.push(STREAM.slice(at[i], end))])).toEqual(whole);
    }),
  );
});
