import type { Entry } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { gapEvent, MANY_LOGS, ONE_LOG } from './stream-format.js';

const entry = (seq: number): Entry => ({ seq, time: 1, mailbox: '/a/x', kind: 'text', data: Buffer.from('line\r\nbreak') });
const one = new Map([['a', { epoch: 'epoch001', seq: 2 }]]);
const two = new Map([...one, ['b', { epoch: 'epoch002', seq: 7 }] as const]);
const ids = (bytes: Uint8Array): string[] =>
  [
    ...Buffer.from(bytes)
      .toString()
      .matchAll(/^id: (.*)$/gm),
  ].map(([, id]) => id ?? '');

describe('server-sent events', () => {
  it('names every event of a stream within one log', () => {
    expect(ids(ONE_LOG.batch('a', 'epoch001', [entry(1), entry(2)], one))).toEqual(['a.epoch001.1', 'a.epoch001.2']);
  });

  it('names only the whole place of a stream over several logs, after its events', () => {
    const text = Buffer.from(MANY_LOGS.batch('a', 'epoch001', [entry(1), entry(2)], two)).toString();
    expect(ids(Buffer.from(text))).toEqual(['a.epoch001.2,b.epoch002.7']);
    expect(text.endsWith('id: a.epoch001.2,b.epoch002.7\n\n')).toBe(true);
  });

  it('keeps a message on one line, whatever is in it', () => {
    const text = Buffer.from(ONE_LOG.batch('a', 'epoch001', [entry(1)], one)).toString();
    expect(text.split('\n').filter((line) => line.startsWith('data: '))).toHaveLength(1);
    expect(text).not.toContain('\r');
  });

  it('names the place beyond a gap only with the event that tells of it', () => {
    expect(gapEvent(one, 'retention')).toBe('id: a.epoch001.2\nevent: gap\ndata: {"cursor":"a.epoch001.2","reason":"retention"}\n\n');
  });
});
