import { matches, parsePattern } from '@restante/protocol';
import { expect, it } from 'vitest';
import { matcherOf } from './pattern.js';

it('takes what the server takes', () => {
  const mailboxes = ['/a', '/a/b', '/a/b/c', '/ab', '/ab/c', '/b/a', '/$x/!(y)'];
  for (const pattern of ['/a', '/a/*', '/a/**', '/a/b/*', '/*', '/**', '/$x/*']) {
    const matcher = matcherOf(pattern);
    expect([pattern, mailboxes.filter(matcher)]).toEqual([pattern, mailboxes.filter((mailbox) => matches(parsePattern(pattern), mailbox))]);
  }
});
