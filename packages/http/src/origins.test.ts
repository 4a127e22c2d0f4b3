import { describe, expect, it } from 'vitest';
import { type Fixture, httpFixture } from '../testing/fixture.js';

const APP = 'https://app.example';
const ANY = 'https://any.example';

const policies = new Map([
  ['open', { read: 'public', publish: 'public' } as const],
  ['news', { read: 'public', publish: 'nobody' } as const],
  ['inbox', { read: 'nobody', publish: 'public' } as const],
]);

function preflight({ inject }: Fixture, origin: string, method: string, url: string) {
  const headers = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'idempotency-key' };
  return inject({ method: 'OPTIONS', url, headers });
}

describe('pages of any origin', () => {
  const may: [string, string, boolean][] = [
    ['GET', '/v1/mailboxes/open/a', true],
    ['GET', '/v1/mailboxes/news/**?after=earliest', true],
    ['GET', '/v1/mailboxes/inbox/a', false],
    ['GET', '/v1/mailboxes/**', false],
    ['GET', '/v1/mailboxes?pattern=/news/**', true],
    ['GET', '/v1/mailboxes?pattern=/inbox/**', false],
    ['GET', '/v1/stream?mailbox=/open/a&mailbox=/news/**', true],
    ['GET', '/v1/stream?mailbox=/open/a&mailbox=/inbox/a', false],
    ['POST', '/v1/stream', true],
    ['POST', '/v1/mailboxes/open/a', true],
    ['POST', '/v1/mailboxes/inbox/a', true],
    ['POST', '/v1/mailboxes/news/a', false],
    ['POST', '/v1/mailboxes/ne%77s/a', false],
    ['POST', '/v1/publish', true],
    ['DELETE', '/v1/mailboxes/open/a', false],
  ];
  it.each(may)('are told before %s %s whether everybody may: %s', async (method, url, allowed) => {
    const response = await preflight(await httpFixture({ policies }), ANY, method, url);
    expect(response.headers['access-control-allow-origin']).toBe(allowed ? '*' : undefined);
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
    if (!allowed) return;
    expect(response.statusCode).toBe(204);
    expect(response.headers['access-control-allow-methods']).toBe('GET, POST');
  });

  it('publish and read where everybody may, and see the answers', async () => {
    const { post, get } = await httpFixture({ policies });
    const answers = [
      await post('/v1/mailboxes/open/a', '{}', { origin: ANY, 'content-type': 'application/json' }),
      await post('/v1/publish', '[{"mailbox":"/open/a","data":1}]', { origin: ANY }),
      await get('/v1/mailboxes/open/a', { origin: ANY }),
      await get('/v1/mailboxes?pattern=/open/**', { origin: ANY }),
      await get('/healthz', { origin: ANY }),
    ];
    for (const { statusCode, headers } of answers) {
      expect(statusCode).toBeLessThan(300);
      expect(headers['access-control-allow-origin']).toBe('*');
    }
  });

  it.each([
    ['GET', '/v1/mailboxes/open/a?after=yesterday', 'CURSOR_INVALID'],
    ['GET', '/v1/mailboxes/open.a', 'PATTERN_INVALID'],
    ['GET', '/v1/mailboxes/nowhere', 'MAILBOX_NOT_CONFIGURED'],
    ['GET', '/v1/mailboxes/open/a?limit=0', 'QUERY_INVALID'],
    ['POST', '/v1/mailboxes/open/a', 'JSON_INVALID'],
    ['GET', '/v2', 'NOT_FOUND'],
  ] as const)('see the problem of %s %s', async (method, url, code) => {
    const { inject } = await httpFixture({ policies });
    const { headers, body } = await inject({ method, url, headers: { origin: ANY, 'content-type': 'application/json' }, payload: '{' });
    expect(JSON.parse(body).code).toBe(code);
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  it('see no refusal of what is not for everybody', async () => {
    const { get, post } = await httpFixture({ policies });
    for (const response of [
      await get('/v1/mailboxes/inbox/a', { origin: ANY }),
      await post('/v1/mailboxes/news/a', '1', { origin: ANY }),
    ]) {
      expect(response.statusCode).toBe(403);
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('may not publish a batch where nobody may publish', async () => {
    const fixture = await httpFixture({ policies: new Map([['news', { read: 'public', publish: 'nobody' }]]) });
    expect((await preflight(fixture, ANY, 'POST', '/v1/publish')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('get the same answer out of a cache, whoever asked first', async () => {
    const { get } = await httpFixture({ policies });
    expect((await get('/v1/mailboxes/open/a')).headers).toMatchObject({
      'access-control-allow-origin': '*',
      vary: 'Origin, Accept-Encoding',
    });
  });
});

describe('pages of a configured origin', () => {
  it.each(['GET', 'POST', 'DELETE'])('may ask for everything, with credentials: %s', async (method) => {
    const response = await preflight(await httpFixture({ policies, corsOrigins: [APP] }), APP, method, '/v1/mailboxes/inbox/a');
    expect(response.statusCode).toBe(204);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'idempotency-key',
    });
  });

  it('see refusals too', async () => {
    const { get } = await httpFixture({ policies, corsOrigins: [APP] });
    const { statusCode, headers } = await get('/v1/mailboxes/inbox/a', { origin: APP });
    expect(statusCode).toBe(403);
    expect(headers).toMatchObject({ 'access-control-allow-origin': APP, vary: 'Origin' });
  });

  it('leave the others with what everybody may', async () => {
    const fixture = await httpFixture({ policies, corsOrigins: [APP] });
    const allowed = async (method: string, url: string) =>
      (await preflight(fixture, ANY, method, url)).headers['access-control-allow-origin'];
    expect(await allowed('GET', '/v1/mailboxes/open/a')).toBe('*');
    expect(await allowed('DELETE', '/v1/mailboxes/open/a')).toBeUndefined();
  });

  it('are all pages where * is configured, without credentials', async () => {
    const response = await preflight(await httpFixture({ policies, corsOrigins: ['*'] }), ANY, 'DELETE', '/v1/mailboxes/open/a');
    expect(response.headers).toMatchObject({ 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, POST, DELETE' });
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
  });
});

describe('a server without a policy', () => {
  it('opens nothing to pages of other origins', async () => {
    const { inject } = await httpFixture({ open: true });
    for (const method of ['GET', 'OPTIONS'] as const) {
      const headers = { host: 'localhost', origin: ANY, 'access-control-request-method': 'GET' };
      const response = await inject({ method, url: '/v1/mailboxes/a', headers });
      expect(response.statusCode).toBe(403);
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});
