import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberSource, memberSources } from './raw-json.js';

describe('the source text of members', () => {
  it('keeps numbers as they were written', () => {
    expect(memberSource('{"a":1,"data":1.0}', 'data')).toBe('1.0');
    expect(memberSource('{"data":12345678901234567890 ,"z":0}', 'data')).toBe('12345678901234567890');
  });

  it('keeps white space, order and escapes inside of it', () => {
    const source = '{ "b" : "\\u0041\\"}" ,"a":[ 1,{"data":2} ]}';
    expect(memberSource(`  {"x":"{\\"data\\":0}", "data" : ${source} , "y":1}`, 'data')).toBe(source);
  });

  it('takes the last of equal names, and knows a name however it is written', () => {
    expect(memberSource('{"data":1,"d\\u0061ta":2,"Data":3,"data ":4}', 'data')).toBe('2');
  });

  it('sees strings that end in backslashes', () => {
    expect(memberSource('{"a":"\\\\","data":"\\\\\\"","b":"data"}', 'data')).toBe('"\\\\\\""');
  });

  it('does not look into members', () => {
    expect(memberSource('{"a":{"data":1},"b":[{"data":2}]}', 'data')).toBeUndefined();
  });

  it('gives one result per element, also for those that are no objects', () => {
    expect(memberSources(' [ 1, "x]", {"data":[]}, [ {"data":1} ], null, {}, {"data":"}"} ] ', 'data')).toEqual([
      undefined,
      undefined,
      '[]',
      undefined,
      undefined,
      undefined,
      '"}"',
    ]);
    expect(memberSources('[]', 'data')).toEqual([]);
  });

  it('agrees with JSON.parse on any JSON', () => {
    const item = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('data', 'da"ta', 'text', '__proto__', '\\'), fc.jsonValue()));
    const spaces = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.array(item), spaces, (items, space) => {
        const text = JSON.stringify(items, null, space);
        const parsed = JSON.parse(text) as unknown[];
        const found = memberSources(text, 'data').map((source) => (source === undefined ? undefined : JSON.parse(source)));
        expect(found).toEqual(parsed.map((value) => (isRecord(value) && Object.hasOwn(value, 'data') ? value['data'] : undefined)));
      }),
    );
  });
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
