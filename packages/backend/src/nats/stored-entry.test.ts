import { headers } from '@nats-io/transport-node';
import { describe, expect, it } from 'vitest';
import { entryOf, type StoredMessage } from './stored-entry.js';

function stored(form: string | undefined, subject = 'mailbox._.a'): StoredMessage {
  const given = headers();
  if (form !== undefined) given.set('Mailbox-Version', form);
  if (subject.startsWith('purged')) given.set('Mailbox-Kind', 'purged');
  return { subject, seq: 1, timeNs: '1700000000000000000', headers: given, data: new TextEncoder().encode('1') };
}

describe('a stored entry', () => {
  it.each([undefined, '1'])('in the form of this release is read: %s', (form) => {
    expect(entryOf('_', stored(form))).toMatchObject({ seq: 1, mailbox: '/a', kind: 'data' });
  });

  it.each(['2', '10', 'x'])('in a form that came later, or in none, is not: %s', (form) => {
    expect(entryOf('_', stored(form))).toBeUndefined();
  });

  it('of a purge is one whatever its form: what it erased is to be erased everywhere', () => {
    expect(entryOf('_', stored('2', 'purged._.a'))).toMatchObject({ mailbox: '/a', kind: 'purged' });
  });
});
