import { describe, expect, it } from 'vitest';
import { CLOSE, ERRORS, type ErrorCode, RestanteError } from './errors.js';

const rows = Object.entries(ERRORS);

describe('the catalogue of errors', () => {
  it.each(rows)('%s has a name, an HTTP status and advice', (code, kind) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(kind.status).toBeGreaterThanOrEqual(400);
    expect(kind.status).toBeLessThan(600);
    expect(kind.title).toMatch(/^\S.*[^.]$/);
    expect(kind.mend).toMatch(/^\S.*\.$/);
  });

  it('calls no fault of the request retryable but slowness, and every 503 is', () => {
    for (const [code, kind] of rows.filter(([, { status }]) => status < 429 || status === 503)) {
      expect(kind.retryable, code).toBe(kind.status === 408 || kind.status === 503);
    }
  });

  it('has titles that tell the codes apart', () => {
    expect(new Set(rows.map(([, kind]) => kind.title)).size).toBe(rows.length);
  });
});

describe('an error', () => {
  it('carries its code, its cause, and when to come back', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new RestanteError('LOG_UNAVAILABLE', 'the log _ does not answer', { cause, retryAfterMs: 500 });
    expect(error).toMatchObject({
      code: 'LOG_UNAVAILABLE',
      message: 'the log _ does not answer',
      cause,
      retryAfterMs: 500,
      retryable: true,
    });
  });

  it('has neither where there is none', () => {
    const error = new RestanteError('MAILBOX_INVALID', '"x" is not a mailbox name');
    expect('cause' in error).toBe(false);
    expect([error.retryAfterMs, error.retryable]).toEqual([undefined, false]);
  });

  it('is decided by the catalogue for every code', () => {
    for (const [code, kind] of rows) expect(new RestanteError(code as ErrorCode, 'x').retryable).toBe(kind.retryable);
  });
});

describe('close codes', () => {
  it('say by their range whether to come back', () => {
    const comeBack = Object.entries(CLOSE).filter(([, code]) => code >= 4_000 && code < 4_500);
    const stayAway = Object.entries(CLOSE).filter(
      ([, code]) => (code >= 4_500 && code < 5_000) || [1002, 1003, 1007, 1008, 1009, 1010].includes(code),
    );
    expect(comeBack.map(([name]) => name)).toEqual(expect.arrayContaining(['draining', 'silent']));
    expect(comeBack.length + stayAway.length).toBe(Object.keys(CLOSE).length);
  });
});
