import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches, parsePattern } from './names.js';
import { anyOf, PatternIndex } from './pattern-index.js';

const segment = fc.constantFrom('a', 'b', 'meta', 'service', 'ab');
const mailbox = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const pattern = fc
  .tuple(fc.oneof(mailbox, fc.constant('')), fc.constantFrom('', '/*', '/**'))
  .filter(([base, end]) => base !== '' || end !== '')
  .map(([base, end]) => parsePattern(base + end));

describe('the index of patterns', () => {
  it('finds exactly the patterns that match, whatever was added and taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(pattern, fc.boolean()), { maxLength: 20 }), fc.array(mailbox, { maxLength: 10 }), (changes, names) => {
        const index = new PatternIndex<string>();
        const held = new Map<string, ReturnType<typeof parsePattern>>();
        for (const [p, add] of changes) {
          if (add) {
            index.add(p, p.text);
            held.set(p.text, p);
          } else {
            index.delete(p, p.text);
            held.delete(p.text);
          }
        }
        for (const name of names) {
          const found: string[] = [];
          index.match(name, (value) => found.push(value));
          expect(found.sort()).toEqual(
            [...held.values()]
              .filter((p) => matches(p, name))
              .map(({ text }) => text)
              .sort(),
          );
        }
      }),
    );
  });

  it('keeps the values of one pattern apart', () => {
    const index = new PatternIndex<number>();
    const p = parsePattern('/a/*');
    index.add(p, 1);
    index.add(p, 2);
    index.delete(p, 1);
    const found: number[] = [];
    index.match('/a/b', (value) => found.push(value));
    expect(found).toEqual([2]);
    index.clear();
    index.match('/a/b', (value) => found.push(value));
    expect(found).toEqual([2]);
  });
});

describe('any of several patterns', () => {
  it('is what matches says, for few and for many', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 20 }), fc.array(mailbox, { maxLength: 10 }), (patterns, names) => {
        const isWanted = anyOf(patterns);
        for (const name of names) expect(isWanted(name)).toBe(patterns.some((p) => matches(p, name)));
      }),
    );
  });
});
