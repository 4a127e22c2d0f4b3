import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ServerSentEvent, SseParser } from './sse-parser.js';

const STREAM =
  'retry: 1000\nid: a.1\n\n:comment\n\nid: a.2\ndata: {"x":1}\n\nevent: gap\r\ndata: one\r\ndata:two\r\n\r\nid\ndata\n\ndata: unfinished\n';

it('reads the same blocks however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
      const events: ServerSentEvent[] = [];
      const parser = new SseParser((event) => events.push(event));
      const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
      for (let i = 1; i < places.length; i++) parser.push(STREAM.slice(places[i - 1], places[i]));
      expect(parser.comments).toBe(1);
      expect(events).toEqual([
        { id: 'a.1', event: 'message', data: '' },
        { id: 'a.2', event: 'message', data: '{"x":1}' },
        { id: undefined, event: 'gap', data: 'one\ntwo' },
        { id: '', event: 'message', data: '' },
      ]);
    }),
  );
});
