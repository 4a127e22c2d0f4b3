import { describe, expect, it } from 'vitest';
import { parseBackendAddress } from './backend-address.js';

describe('an address on NATS', () => {
  const good: [string, object][] = [
    ['nats://nats-0', { servers: ['nats-0:4222'], encrypted: false }],
    ['nats://nats-0:4333/', { servers: ['nats-0:4333'] }],
    ['nats://nats-0:4222, nats://nats-1,nats-2:5000', { servers: ['nats-0:4222', 'nats-1:4222', 'nats-2:5000'] }],
    ['nats://a,nats://a:4222', { servers: ['a:4222'] }],
    ['tls://10.0.0.1,tls://[::1]:4222', { servers: ['10.0.0.1:4222', '[::1]:4222'], encrypted: true }],
    ['nats://me:p%40ss@a,b', { servers: ['a:4222', 'b:4222'], credentials: { user: 'me', password: 'p@ss' } }],
    ['nats://me:x@a,nats://me:x@b', { servers: ['a:4222', 'b:4222'], credentials: { user: 'me', password: 'x' } }],
    ['nats://t%2Foken@a', { servers: ['a:4222'], credentials: { token: 't/oken' } }],
  ];
  it.each(good)('%s', (text, expected) => {
    expect(parseBackendAddress(text)).toMatchObject({ kind: 'nats', ...expected });
  });

  it('without a login has none', () => {
    expect(parseBackendAddress('nats://a')).not.toHaveProperty('credentials');
  });

  const bad: [string, string][] = [
    ['nats:', 'must be nats://<host>:<port>'],
    ['nats://', 'must be nats://<host>:<port>'],
    ['nats://a,', 'must be nats://<host>:<port>'],
    ['nats://a:0', 'must be nats://<host>:<port>'],
    ['nats://a:70000', 'must be nats://<host>:<port>'],
    ['tls://a:x', 'must be tls://<host>:<port>'],
    ['nats://a/path', 'must be nats://<host>:<port>'],
    ['nats://a?tls=1', 'must be nats://<host>:<port>'],
    ['nats://a b', 'must be nats://<host>:<port>'],
    ['nats://me:p@ss@a', '@ : / , in a password are written as %40 %3A %2F %2C'],
    ['nats://:secret@a', 'must be nats://<host>:<port>'],
    ['nats://me:%zz@a', 'must be nats://<host>:<port>'],
    ['nats://a,tls://b', 'must use one of nats:// and tls://'],
    ['nats://a,http://b', 'must use one of nats:// and tls://'],
    ['nats://me:1@a,nats://me:2@b', 'names different users'],
  ];
  it.each(bad)('%s is refused', (text, said) => {
    expect(parseBackendAddress(text)).toContain(said);
  });
});
