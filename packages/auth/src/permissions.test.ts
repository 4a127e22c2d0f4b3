import { ACCESS } from '@restante/protocol/schemas';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, mayPublish, mayRead, needsTokens } from './permissions.js';

describe('permissions', () => {
  it('lets an anonymous caller do only what is public', () => {
    const allowed = (which: typeof mayRead) => ACCESS.filter((who) => which({ read: who, publish: who }, ANONYMOUS));
    expect(allowed(mayRead)).toEqual(['public']);
    expect(allowed(mayPublish)).toEqual(['public']);
  });

  it('keeps reading and publishing apart', () => {
    const announcements = { read: 'public', publish: 'nobody' } as const;
    expect(mayRead(announcements, ANONYMOUS)).toBe(true);
    expect(mayPublish(announcements, ANONYMOUS)).toBe(false);
  });

  it('tells which policies ask for tokens', () => {
    const asking = ACCESS.filter((who) => needsTokens({ read: who, publish: 'nobody' }) && needsTokens({ read: 'public', publish: who }));
    expect(asking).toEqual(['token', 'key', 'owner']);
  });
});
