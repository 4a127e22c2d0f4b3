import type { Config } from '@restante/runtime';
import { describe, expect, it } from 'vitest';
import { greeting } from './start.js';

const HISTORY = { snapshot: false, history: { ageMs: 86_400_000, bytes: 1024 ** 2 } } as const;

function greeted(
  namespaces: Readonly<Record<string, readonly ['public' | 'nobody', 'public' | 'nobody']>>,
  address = 'http://127.0.0.1:8080',
) {
  const policies: Config['namespaces'] = new Map(
    Object.entries(namespaces).map(([name, [read, publish]]) => [name, { read, publish, ...HISTORY }]),
  );
  return greeting('all', { address, adminAddress: undefined, durability: 'Stored survives nothing.' }, policies, 1234);
}

describe('what a server says when it has started', () => {
  it('is its address alone on the first line, its process, what "stored" survives, and lines to try', () => {
    expect(greeted({ '*': ['public', 'public'] })).toBe(`Restante listens on http://127.0.0.1:8080
(process 1234)
Stored survives nothing.

Try, in another terminal:
  curl -N 'http://127.0.0.1:8080/v1/stream?mailbox=/hello/**'
  curl -d '{"text":"Hello"}' http://127.0.0.1:8080/v1/mailboxes/hello/world
  curl 'http://127.0.0.1:8080/v1/mailboxes/hello/world'
`);
  });

  it('names mailboxes of the namespace that allows most, and nothing that it refuses', () => {
    const some = greeted({ inbox: ['nobody', 'public'], chat: ['public', 'public'], '*': ['public', 'nobody'] });
    expect(some).toContain('/v1/mailboxes/chat/world');
    expect(some).not.toContain('hello');
    const news = greeted({ news: ['public', 'nobody'] });
    expect(news).toContain('/v1/stream?mailbox=/news/**');
    expect(news).not.toContain('-d ');
    expect(greeted({ vault: ['nobody', 'nobody'] })).not.toContain('curl');
  });

  it.each([
    ['http://0.0.0.0:80', 'http://127.0.0.1:80'],
    ['http://[::]:80', 'http://[::1]:80'],
    ['http://10.0.0.7:80', 'http://10.0.0.7:80'],
  ])('that listens on %s is tried at %s', (address, typed) => {
    const text = greeted({ '*': ['public', 'public'] }, address);
    expect(text.split('\n')[0]).toBe(`Restante listens on ${address}`);
    expect(text).toContain(`curl '${typed}/v1/mailboxes/hello/world'`);
  });
});

describe('what one part of a cluster says', () => {
  const ANY: Config['namespaces'] = new Map([
    ['news', { read: 'public', publish: 'public', ...HISTORY }],
    ['*', { read: 'public', publish: 'nobody', ...HISTORY }],
  ]);
  const durability = 'Stored is on two of three.';

  it('begins with its address on a line of its own, for an edge', () => {
    const text = greeting('edge', { address: 'http://127.0.0.1:1', adminAddress: 'http://127.0.0.1:2', durability }, ANY, 12);
    expect(text.split('\n').slice(0, 4)).toEqual([
      'Restante edge listens on http://127.0.0.1:1',
      '(process 12)',
      'Health and metrics: http://127.0.0.1:2/metrics',
      durability,
    ]);
    expect(text).toContain('/v1/stream');
  });

  it('offers no streams at a gateway', () => {
    const text = greeting('gateway', { address: 'http://127.0.0.1:1', adminAddress: undefined, durability }, ANY, 12);
    expect(text).toMatch(/^Restante gateway listens on http:\/\/127\.0\.0\.1:1\n/);
    expect(text).toContain('curl -d');
    expect(text).not.toContain('/v1/stream');
  });

  it('names what a router serves, and how it gets a port for health', () => {
    const of = (adminAddress: string | undefined) => greeting('router', { address: undefined, adminAddress, durability }, ANY, 12);
    expect(of(undefined)).toBe(
      `Restante router serves news, *\n(process 12)\nNo port for health and metrics: --admin-port gives one\n${durability}\n`,
    );
    expect(of('http://0.0.0.0:2')).toContain('Health and metrics: http://127.0.0.1:2/metrics\n');
  });
});
