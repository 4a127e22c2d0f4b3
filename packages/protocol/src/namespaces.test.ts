import { describe, expect, it } from 'vitest';
import { parsePattern } from './names.js';
import { isNamespace, Namespaces, namespaceOf, REST_LOG } from './namespaces.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('namespaces', () => {
  const all = new Namespaces(['users', '*', 'elections']);
  const named = new Namespaces(['users', 'elections']);

  it('are one segment of lower-case letters, digits and hyphens, or the star', () => {
    expect(['*', 'elections', 'a-1', 'a'.repeat(32)].map(isNamespace)).toEqual([true, true, true, true]);
    expect(['', '_', 'A', 'a/b', 'a'.repeat(33), '**', 'a\n'].map(isNamespace)).toEqual(Array(7).fill(false));
  });

  it('give each mailbox exactly one log', () => {
    expect(all.logOf('/elections')).toBe('elections');
    expect(all.logOf('/elections/us-2020/president/ohio')).toBe('elections');
    expect(all.logOf('/electionsx/a')).toBe(REST_LOG);
    expect(all.logOf('/Elections/a')).toBe(REST_LOG);
    expect(all.logs).toEqual(['_', 'elections', 'users']);
  });

  it('are named in the configuration as the log is, but for the star', () => {
    expect(namespaceOf(REST_LOG)).toBe('*');
    expect(namespaceOf('users')).toBe('users');
  });

  it('refuse a name that none takes, and say what to configure', () => {
    expect(() => named.logOf('/chat/room')).toThrow(withCode('MAILBOX_NOT_CONFIGURED'));
    expect(() => named.logOf('/chat/room')).toThrow('configure namespaces.chat');
    expect(() => named.logOf('/constructor/x')).toThrow(withCode('MAILBOX_NOT_CONFIGURED'));
  });

  it('say which logs a pattern touches: all of them only from the top', () => {
    expect(all.logsOf(parsePattern('/**'))).toEqual(['_', 'elections', 'users']);
    expect(all.logsOf(parsePattern('/*'))).toEqual(['_', 'elections', 'users']);
    expect(all.logsOf(parsePattern('/users/**'))).toEqual(['users']);
    expect(all.logsOf(parsePattern('/chat/*'))).toEqual(['_']);
    expect(() => named.logsOf(parsePattern('/chat/*'))).toThrow(withCode('MAILBOX_NOT_CONFIGURED'));
  });

  it.each(['/meta/x', '/meta/**', '/service/pay', '/service/*'])('let no client read %s', (pattern) => {
    expect(() => all.logsOf(parsePattern(pattern))).toThrow(withCode('MAILBOX_RESERVED'));
  });
});
