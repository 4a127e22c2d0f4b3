import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RestanteError } from './errors.js';
import { LIMITS } from './limits.js';
import { covers, firstSegment, isMailbox, isReserved, matches, type Pattern, parseMailbox, parsePattern, quote } from './names.js';

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    if (error instanceof RestanteError) return error.code;
    throw error;
  }
  return undefined;
};

/** Every name of up to `depth` segments over these: the reserved words among them, and one that only begins like one. */
const SEGMENTS = ['a', 'b', 'meta', 'service', 'metal'];

function namesUpTo(depth: number): string[] {
  if (depth === 0) return [];
  const shorter = namesUpTo(depth - 1);
  return [...SEGMENTS.map((s) => `/${s}`), ...shorter.flatMap((name) => SEGMENTS.map((s) => `${name}/${s}`))].filter(
    (name, index, all) => all.indexOf(name) === index,
  );
}

function patternsUpTo(depth: number): Pattern[] {
  const bases = ['', ...namesUpTo(depth)];
  return bases.flatMap((base) => [...(base === '' ? [] : [base]), `${base}/*`, `${base}/**`]).map(parsePattern);
}

/** What a pattern means, said a second time: as a regular expression. */
function asRegExp({ text }: Pattern): RegExp {
  const escaped = text.replace(/\/\*\*?$/, '').replaceAll(/[$()]/g, String.raw`\$&`);
  const guard = escaped === '' ? '(?!/(?:meta|service)(?:/|$))' : '';
  if (text.endsWith('/**')) return new RegExp(`^${guard}${escaped}(?:/[^/]+)+$`);
  if (text.endsWith('/*')) return new RegExp(`^${guard}${escaped}/[^/]+$`);
  return new RegExp(`^${escaped}$`);
}

const segment = fc.string({ unit: fc.constantFrom(...'aZ09-_!~()$@'), minLength: 1, maxLength: 6 });
const name = fc.array(fc.oneof(segment, fc.constantFrom(...SEGMENTS)), { minLength: 1, maxLength: 6 }).map((s) => `/${s.join('/')}`);
const pattern = fc
  .tuple(fc.oneof(fc.constant(''), name), fc.constantFrom('', '/*', '/**'))
  .filter(([base, wildcard]) => base !== '' || wildcard !== '')
  .map(([base, wildcard]) => parsePattern(base + wildcard));

describe('names', () => {
  it.each(['/a', '/elections/us-2020/president/ohio', '/A/z/0/-/_/!/~/(/)/$/@', `/${'a'.repeat(254)}`, '/a'.repeat(16)])(
    'takes %s',
    (text) => {
      expect(parseMailbox(text)).toBe(text);
    },
  );

  it.each([
    '',
    '/',
    'a',
    'a/b',
    '//',
    '/a/',
    '/a//b',
    ' /a',
    '/a\n',
    '/a b',
    '/ä',
    '/a.b',
    '/*',
    '/a/*',
    '/a/**',
    '/a?',
    '/a%20b',
    '/\u0000',
  ])('refuses %j', (text) => {
    expect(codeOf(() => parseMailbox(text))).toBe('MAILBOX_INVALID');
  });

  it.each([
    ['', 'it is empty'],
    ['demo', 'it must begin with /'],
    ['/', 'it ends in /'],
    ['/demo/', 'it ends in /'],
    ['/demo//x', 'it has an empty segment'],
    ['/demo.x', '"." is not allowed'],
    ['/café 😀', '"é" is not allowed'],
    ['/demo/*', '* may only be the last segment, and only of a pattern'],
    ['/a'.repeat(17), 'it has more than 16 segments'],
    [`/${'a'.repeat(255)}`, 'it is longer than 255 bytes'],
  ])('says why %j is none', (text, why) => {
    expect(() => parseMailbox(text)).toThrow(`is not a mailbox name: ${why}`);
  });

  it.each([
    ['/a/*/b', '* may only be the last segment, and only of a pattern'],
    ['/a*', '* may only be the last segment, and only of a pattern'],
    ['/a//**', 'it has an empty segment'],
    ['*', 'it must begin with /'],
    ['/a.b/**', '"." is not allowed'],
    [`${'/a'.repeat(17)}/*`, 'it has more than 16 segments'],
    [`/${'a'.repeat(253)}/**`, 'it is longer than 255 bytes'],
  ])('says why %j is no pattern', (text, why) => {
    expect(() => parsePattern(text)).toThrow(`is not a pattern: ${why}`);
  });

  it('refuses one byte and one segment more than the limits', () => {
    expect(isMailbox(`/${'a'.repeat(LIMITS.nameBytesMax)}`)).toBe(false);
    expect(isMailbox('/a'.repeat(LIMITS.nameSegmentsMax + 1))).toBe(false);
  });

  it('knows the first segment', () => {
    expect(firstSegment('/a')).toBe('a');
    expect(firstSegment('/abc/d/e')).toBe('abc');
  });

  it('reserves /meta and /service and what lies below, not names that begin alike', () => {
    expect(['/meta', '/meta/x', '/service', '/service/x/y'].map(isReserved)).toEqual([true, true, true, true]);
    expect(['/metal', '/services/x', '/a/meta', '/meta-x'].map(isReserved)).toEqual([false, false, false, false]);
  });

  it('repeats only a short, printable piece of what a peer sent', () => {
    expect(quote('/a\n')).toBe('"/a\\n"');
    expect(quote('x'.repeat(1_000)).length).toBeLessThan(90);
    expect(quote(`${'x'.repeat(79)}😀😀`)).toMatch(/^"x+\\ud83d…"$/);
  });
});

describe('patterns', () => {
  it('tells the three kinds apart', () => {
    expect(parsePattern('/a/b')).toEqual({ text: '/a/b', base: '/a/b', kind: 'exact' });
    expect(parsePattern('/a/*')).toEqual({ text: '/a/*', base: '/a', kind: 'one' });
    expect(parsePattern('/**')).toEqual({ text: '/**', base: '', kind: 'many' });
  });

  it.each(['', '*', '**', '/', '/a*', '/a/***', '/*/a', '/a/*/b', '/**/*', '/a/**/', '//*', `/${'a'.repeat(253)}/**`])(
    'refuses %j',
    (text) => {
      expect(codeOf(() => parsePattern(text))).toBe('PATTERN_INVALID');
    },
  );

  it('does not reach into reserved names from the top', () => {
    for (const mailbox of ['/meta', '/meta/handshake', '/service', '/service/pay']) {
      expect(matches(parsePattern('/**'), mailbox)).toBe(false);
      expect(matches(parsePattern('/*'), mailbox)).toBe(false);
    }
  });

  it('matches what the same pattern as a regular expression matches', () => {
    fc.assert(
      fc.property(pattern, name, (p, n) => {
        expect(matches(p, n)).toBe(asRegExp(p).test(n));
      }),
      { numRuns: 2_000 },
    );
    const names = namesUpTo(3);
    for (const p of patternsUpTo(2)) for (const n of names) expect(matches(p, n), `${p.text} ${n}`).toBe(asRegExp(p).test(n));
  });

  it('covers another pattern exactly when it matches every name that the other matches', () => {
    const names = namesUpTo(4);
    const patterns = patternsUpTo(2);
    const taken = patterns.map((p) => new Set(names.filter((n) => matches(p, n))));
    patterns.forEach((wide, w) => {
      patterns.forEach((narrow, n) => {
        const everyName = [...(taken[n] ?? [])].every((mailbox) => taken[w]?.has(mailbox));
        if (covers(wide, narrow) !== everyName) expect.unreachable(`covers(${wide.text}, ${narrow.text}) is ${!everyName}`);
      });
    });
    expect(patterns.length).toBeGreaterThan(90);
  });

  it('takes every name that a covered pattern takes, whatever the characters', () => {
    fc.assert(
      fc.property(pattern, pattern, name, (wide, narrow, n) => {
        if (covers(wide, narrow) && matches(narrow, n)) expect(matches(wide, n)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
