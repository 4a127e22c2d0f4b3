import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, entryBytes, messageJson } from './entry.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const entry = (over: Partial<Entry>): Entry => ({
  seq: 7,
  time: 1_604_445_136_000,
  mailbox: '/a/b',
  kind: 'data',
  data: bytes('null'),
  ...over,
});
const json = (over: Partial<Entry>): string => messageJson('_', 'k3f9c2ab', entry(over));

describe('the JSON of a Message', () => {
  it('names the mailbox, the cursor and the time first', () => {
    expect(json({ data: bytes('{"votes":1}') })).toBe('{"mailbox":"/a/b","cursor":"_.k3f9c2ab.7","time":1604445136000,"data":{"votes":1}}');
  });

  it('has id, headers and content type where the entry has them', () => {
    const headers = { 'restante-trace': 'x"y', ['__proto__']: 'kept' };
    const message = JSON.parse(json({ id: 'a"b', headers, contentType: 'application/x', kind: 'base64', data: new Uint8Array([1]) }));
    expect(message).toMatchObject({ id: 'a"b', contentType: 'application/x', base64: 'AQ==' });
    expect(Object.entries(message.headers)).toEqual(Object.entries(headers));
  });

  it.each([
    ['large integers', '12345678901234567890'],
    ['fractions with a zero', '1.0'],
    ['exponents', '[1e400,-0,1E+2]'],
    ['__proto__ as a field', '{"__proto__":{"polluted":true},"constructor":1}'],
    ['a field twice', '{"a":1,"a":2}'],
    ['emoji, as they are and escaped', '["😀","\\ud83d\\ude00","\\ud83d"]'],
    ['line separators', '"\u2028\u2029"'],
    ['a byte order mark inside', '"\ufeff"'],
    ['white space', '{ "a" : [ 1 , 2 ] }'],
  ])('holds the data byte for byte: %s', (_what, data) => {
    const text = json({ data: bytes(data) });
    expect(text.endsWith(`,"data":${data}}`)).toBe(true);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  it('gives back every JSON value', () => {
    fc.assert(
      fc.property(fc.json(), (data) => {
        const message = JSON.parse(json({ data: bytes(data) }));
        expect(JSON.stringify(message.data)).toBe(JSON.stringify(JSON.parse(data)));
      }),
    );
  });

  it('gives back every text, byte order mark and line breaks too, on one line', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ufeffstart', 'a\r\nb\u2028c', '"\\', '\u0000', '😀'));
    fc.assert(
      fc.property(text, (value) => {
        const line = json({ kind: 'text', data: bytes(value) });
        expect(line).not.toMatch(/[\r\n]/);
        expect(JSON.parse(line).text).toBe(value);
      }),
    );
  });

  it('gives back all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
        expect(Buffer.from(JSON.parse(json({ kind: 'base64', data })).base64, 'base64').equals(data)).toBe(true);
      }),
    );
    const large = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251);
    expect(Buffer.from(JSON.parse(json({ kind: 'base64', data: large })).base64, 'base64').equals(large)).toBe(true);
  });

  it('says of a purge only that it was one', () => {
    const purge = json({ kind: 'purged', data: new Uint8Array(), id: 'x', headers: { a: 'b' } });
    expect(JSON.parse(purge)).toEqual({ mailbox: '/a/b', cursor: '_.k3f9c2ab.7', time: 1_604_445_136_000, purged: true });
  });
});

describe('the bytes an entry counts', () => {
  it('are never fewer than its data, mailbox, id, headers and content type', () => {
    const headers = { 'restante-trace': 'x'.repeat(3_000) };
    const contentType = `application/${'x'.repeat(200)}`;
    const counted = entryBytes(entry({ id: 'i'.repeat(128), headers, contentType, data: new Uint8Array(1_000) }));
    expect(counted).toBeGreaterThanOrEqual(1_000 + '/a/b'.length + 128 + 'restante-trace'.length + 3_000 + contentType.length);
  });
});
