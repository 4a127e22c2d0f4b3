import { type Entry, type Epochs, isEpoch } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, type PageAnswer, WIRE_VERSION, type WireMessage } from '../index.js';

const seq = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.array(text, { maxLength: 4 });
const version = fc.constant(WIRE_VERSION);
const link = { version, log: text, edge: text, attempt: seq, half: text };
const epochs: fc.Arbitrary<Epochs> = fc.array(fc.record({ epoch: fc.string({ minLength: 8, maxLength: 16 }).filter(isEpoch), upTo: seq }), {
  minLength: 1,
  maxLength: 3,
});
const entry: fc.Arbitrary<Entry> = fc.record(
  {
    seq,
    time: seq,
    mailbox: text,
    kind: fc.constantFrom('data', 'text', 'base64', 'purged'),
    id: text,
    contentType: text,
    headers: fc.dictionary(text, text, { maxKeys: 3 }),
    data: fc.uint8Array({ maxLength: 300 }),
  },
  { requiredKeys: ['seq', 'time', 'mailbox', 'kind', 'data'], noNullPrototype: true },
);
const entries = fc.array(entry, { maxLength: 4 });
const beat = { ...link, r: seq, refused: fc.array(seq, { maxLength: 3 }), epoch: text, upTo: seq };
const page: fc.Arbitrary<PageAnswer> = fc.record(
  { epochs, start: seq, next: seq, head: seq, complete: fc.boolean(), reason: fc.constantFrom('retention', 'history'), entries },
  { requiredKeys: ['epochs', 'start', 'next', 'head', 'complete', 'entries'] },
);
const mode = fc.constantFrom('every' as const, 'latest' as const);
const command = fc.record({ r: seq, op: fc.constantFrom('watch' as const, 'unwatch' as const), pattern: text });

const is = <T extends WireMessage['type']>(type: T) => ({ type: fc.constant(type) });
const u32 = fc.nat({ max: 2 ** 32 - 1 });

const message: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.record({ ...is('attach'), version, log: text, edge: text, attempt: seq, patterns: texts }),
  fc.record({ ...is('attached'), ...link, instance: text, epochs, position: seq, refused: texts }),
  fc.record({ ...is('commands'), ...link, commands: fc.array(command, { maxLength: 4 }) }),
  fc.record({ ...is('frame'), ...beat, from: seq, entries }),
  fc.record({ ...is('beats'), version, beats: fc.array(fc.record(beat), { maxLength: 3 }) }),
  fc.record({ ...is('read'), ...link, id: seq, patterns: texts, epoch: text, after: seq, mode, limit: u32, bytes: u32 }),
  fc.record({ ...is('answer'), version, log: text, id: seq, page: fc.oneof(fc.constant('miss' as const), page) }),
);

describe('the wire', () => {
  it('gives back every message as it was', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const received = decode(encode(sent));
        expect(received).toBeDefined();
        expect(bodies(received)).toEqual(bodies(sent));
      }),
    );
  });

  it('takes no part of a message for a message', () => {
    fc.assert(
      fc.property(message, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (sent, share) => {
        const bytes = encode(sent);
        expect(decode(bytes.subarray(0, Math.floor(bytes.length * share)))).toBeUndefined();
      }),
    );
  });

  it('takes nothing for a message that goes on after its end', () => {
    fc.assert(
      fc.property(message, fc.uint8Array({ minLength: 1, maxLength: 8 }), (sent, more) => {
        expect(decode(new Uint8Array([...encode(sent), ...more]))).toBeUndefined();
      }),
    );
  });

  it('never throws at garbage, nor at a message with damage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), message, fc.nat(), fc.nat({ max: 255 }), (garbage, sent, at, byte) => {
        decode(garbage);
        decode(new Uint8Array([WIRE_VERSION, at % 7, ...garbage]));
        const damaged = Uint8Array.from(encode(sent));
        damaged[at % damaged.length] = byte;
        decode(damaged);
      }),
    );
  });

  it('drops what is written in a newer version, or in none', () => {
    const bytes = Uint8Array.from(encode({ type: 'beats', version: WIRE_VERSION, beats: [] }));
    expect(decode(bytes)).toEqual({ type: 'beats', version: WIRE_VERSION, beats: [] });
    bytes[0] = WIRE_VERSION + 1;
    expect(decode(bytes)).toBeUndefined();
    expect(decode(bytes, WIRE_VERSION + 1)).toEqual({ type: 'beats', version: WIRE_VERSION + 1, beats: [] });
    bytes[0] = 0;
    expect(decode(bytes)).toBeUndefined();
  });

  it('reads the attach of a newer edge, and passes over what it does not know of it', () => {
    const attach: WireMessage = { type: 'attach', version: WIRE_VERSION + 1, log: 'a', edge: 'e', attempt: 1, patterns: ['/a'] };
    expect(decode(new Uint8Array([...encode(attach), 1, 2, 3]))).toEqual(attach);
    expect(decode(encode(attach).subarray(0, -1))).toBeUndefined();
  });

  it('carries names that JavaScript has plans for', () => {
    const headers = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const sent: WireMessage = {
      type: 'answer',
      version: WIRE_VERSION,
      log: 'a',
      id: 1,
      page: {
        epochs: [],
        start: 0,
        next: 1,
        head: 7,
        complete: true,
        entries: [{ seq: 1, time: 1, mailbox: '/a', kind: 'text', headers, data: new Uint8Array() }],
      },
    };
    const received = decode(encode(sent));
    expect(JSON.stringify(bodies(received))).toContain('"headers":{"__proto__":"x","constructor":"y"}');
  });
});

/** As plain values: a decoded body is a view of the message. */
function bodies(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(bodies);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bodies(v)]));
  return value;
}
