import { LIMITS } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { readClientFrame } from './client-frame.js';

const refused = (text: string) => {
  const received = readClientFrame(text);
  if (received.ok) throw new Error('it was taken');
  return received;
};

describe('a frame of a client', () => {
  it('keeps the source of what is published, not what a parser made of it', () => {
    const received = readClientFrame('{"type":"publish","ref":"p","mailbox":"/a","data":{"n":1.0, "big":12345678901234567890}}');
    expect(received).toMatchObject({ ok: true, dataSource: '{"n":1.0, "big":12345678901234567890}' });
  });

  it('ends the talk with a peer that does not speak JSON objects', () => {
    for (const text of ['nope', '[]', '7', 'null', '"subscribe"', '']) expect(refused(text)).toMatchObject({ fatal: true, ref: undefined });
  });

  it('names the unknown field, and the request that had it', () => {
    const { error, ref, fatal } = refused('{"type":"subscribe","ref":"a","mailbox":"/a","colour":"red"}');
    expect({ code: error.code, text: error.message, ref, fatal }).toEqual({
      code: 'FRAME_INVALID',
      text: 'subscribe has no field "colour"; there are type, ref, mailbox, after, last, catchUp',
      ref: 'a',
      fatal: false,
    });
  });

  it.each([
    ['{"type":"subscribe","mailbox":"/a"}', 'subscribe lacks ref'],
    ['{"type":"publish","ref":"a"}', 'publish lacks mailbox and data'],
    ['{"type":"publish","ref":"a","mailbox":"/a","text":"x"}', 'publish has no field "text"; there are type, ref, mailbox, data, id'],
    ['{"type":"subscribe","ref":"a","mailbox":"/a","last":"5"}', 'last of subscribe must be integer'],
    ['{"type":"subscribe","ref":"a","mailbox":"/a","last":5000}', 'last of subscribe must be <= 1000'],
    ['{"type":"subscribe","ref":"a","mailbox":"/a","catchUp":"some"}', 'catchUp of subscribe is one of every, latest'],
    ['{"ref":"a"}', 'type is one of subscribe, unsubscribe, publish, and is missing'],
    ['{"type":"dance"}', 'type is one of subscribe, unsubscribe, publish, not "dance"'],
  ])('says of %s in words what is wrong', (text, wrong) => {
    expect(refused(text).error.message).toBe(wrong);
  });

  it.each([
    ['an unknown type', '{"type":"dance","ref":"a"}', 'a'],
    ['a type out of the prototype', '{"type":"constructor","ref":"a"}', 'a'],
    ['no type', '{"ref":"a"}', 'a'],
    ['a type that has no text', '{"type":{"toString":1},"ref":"a"}', 'a'],
    ['a type that is nested deeply', `{"ref":"a","type":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'a'],
    ['no ref', '{"type":"subscribe","mailbox":"/a"}', undefined],
    ['a ref that is too long', JSON.stringify({ type: 'unsubscribe', ref: 'x'.repeat(LIMITS.refBytesMax + 1) }), undefined],
    ['last as text', '{"type":"subscribe","ref":"a","mailbox":"/a","last":"5"}', 'a'],
    ['an unknown way to catch up', '{"type":"subscribe","ref":"a","mailbox":"/a","catchUp":"some"}', 'a'],
    ['nothing to publish', '{"type":"publish","ref":"a","mailbox":"/a"}', 'a'],
  ])('refuses %s with FRAME_INVALID', (_, text, ref) => {
    const received = refused(text);
    expect(received.error.code).toBe('FRAME_INVALID');
    expect(received).toMatchObject({ fatal: false, ref });
  });
});
