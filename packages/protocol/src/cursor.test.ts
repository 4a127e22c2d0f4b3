import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor, formatPosition, parseCursor } from './cursor.js';
import { LIMITS } from './limits.js';

const log = fc.oneof(fc.constant('_'), fc.stringMatching(/^[a-z0-9-]{1,32}$/));
const position = fc.record({ epoch: fc.stringMatching(/^[a-z0-9]{8,16}$/), seq: fc.maxSafeNat() });
const cursor = fc.uniqueArray(fc.tuple(log, position), { selector: ([name]) => name, minLength: 1, maxLength: LIMITS.cursorPartsMax });

describe('cursors', () => {
  it('come back as they went, whatever the logs, epochs and sequences', () => {
    fc.assert(
      fc.property(cursor, (parts) => {
        const map = new Map(parts);
        expect(parseCursor(formatCursor(map))).toEqual(map);
      }),
    );
  });

  it('are one text for one set of positions, sorted by log', () => {
    fc.assert(
      fc.property(cursor, (parts) => {
        expect(formatCursor(new Map(parts))).toBe(formatCursor(new Map(parts.toReversed())));
      }),
    );
    const text = 'elections.k3f9c2ab.7,users.m2x1d07e.0';
    expect(formatCursor(parseCursor('users.m2x1d07e.0,elections.k3f9c2ab.7'))).toBe(text);
  });

  it('hold the largest sequence there is', () => {
    const last = Number.MAX_SAFE_INTEGER;
    expect(parseCursor(formatPosition('_', { epoch: 'k3f9c2ab', seq: last })).get('_')?.seq).toBe(last);
  });

  it('take as many parts as the limit says', () => {
    const parts = Array.from({ length: LIMITS.cursorPartsMax }, (_, i) => `log${i}.k3f9c2ab.${i}`);
    expect(parseCursor(parts.join(',')).size).toBe(LIMITS.cursorPartsMax);
  });

  it.each([
    ['yesterday', 'send one exactly as it was handed out'],
    ['_.k3f9c2ab.7,_.k3f9c2ab.8', 'it names a log twice'],
    ['_.k3f9c2ab.7,'.repeat(65), 'it names more than 64 logs'],
  ])('say why %j is none', (text, why) => {
    expect(() => parseCursor(text)).toThrow(`is not a cursor: ${why}`);
    expect(() => parseCursor(text, 'a cursor or "now"')).toThrow(`is not a cursor or "now": ${why}`);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'earliest'],
    ['no epoch', '_.7'],
    ['a short epoch', '_.abc.7'],
    ['a long epoch', `_.${'a'.repeat(17)}.7`],
    ['capitals in the epoch', '_.K3F9C2AB.7'],
    ['capitals in the log', 'Users.k3f9c2ab.7'],
    ['a long log', `${'a'.repeat(33)}.k3f9c2ab.7`],
    ['another underscore', '__.k3f9c2ab.7'],
    ['a sign', '_.k3f9c2ab.-1'],
    ['a leading zero', '_.k3f9c2ab.007'],
    ['a fraction', '_.k3f9c2ab.1.5'],
    ['an exponent', '_.k3f9c2ab.1e3'],
    ['a sequence that a double cannot hold', '_.k3f9c2ab.9007199254740992'],
    ['seventeen digits', '_.k3f9c2ab.10000000000000000'],
    ['a line break at the end', '_.k3f9c2ab.7\n'],
    ['a space', '_.k3f9c2ab.7, users.m2x1d07e.0'],
    ['a comma at the end', '_.k3f9c2ab.7,'],
    ['one log twice', '_.k3f9c2ab.7,_.k3f9c2ab.8'],
    ['too many parts', Array.from({ length: LIMITS.cursorPartsMax + 1 }, (_, i) => `log${i}.k3f9c2ab.1`).join(',')],
  ])('are refused with %s', (_what, text) => {
    expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
  });
});
