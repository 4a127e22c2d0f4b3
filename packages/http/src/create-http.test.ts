import { ERRORS } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { httpFixture, publicNamespaces } from '../testing/fixture.js';

describe('what is no route', () => {
  it.each([
    ['GET', '/nothing', 404, 'NOT_FOUND', undefined],
    ['GET', '/v1/mailboxes/%', 400, 'REQUEST_INVALID', undefined],
    ['PUT', '/v1/mailboxes/a', 405, 'METHOD_NOT_ALLOWED', 'DELETE, GET, HEAD, POST'],
    ['GET', '/v1/publish?x=1', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['OPTIONS', '/readyz', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD'],
  ] as const)('answers %s %s with a problem', async (method, url, status, code, allow) => {
    const { inject } = await httpFixture();
    const response = await inject({ method, url });
    expect([response.statusCode, response.json().code, response.headers.allow]).toEqual([status, code, allow]);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it('does not take every address for a route of CORS', async () => {
    const { get } = await httpFixture({ corsOrigins: ['https://app.example'] });
    expect((await get('/nothing')).statusCode).toBe(404);
  });

  it('knows routes that were added', async () => {
    const { app, inject } = await httpFixture();
    app.get('/v1/stream', async () => 'ok');
    expect((await inject({ method: 'DELETE', url: '/v1/stream' })).headers.allow).toBe('GET, HEAD');
  });
});

describe('health', () => {
  it('is not ready for the reasons that it is given', async () => {
    const reasons: string[] = [];
    const health = { report: () => ({ status: reasons.length === 0 ? ('ok' as const) : ('not ready' as const), reasons }) };
    const { get } = await httpFixture({ health });
    expect((await get('/readyz')).json()).toEqual({ status: 'ok', reasons: [] });
    reasons.push('no frames');
    const response = await get('/readyz');
    expect([response.statusCode, response.json()]).toEqual([503, { status: 'not ready', reasons: ['no frames'] }]);
    expect((await get('/healthz')).statusCode).toBe(200);
  });
});

describe('the home page', () => {
  it('gives lines to try at the address that was asked', async () => {
    const { get } = await httpFixture();
    const response = await get('/', { host: 'counter.example:8080' });
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(response.body).toContain('curl http://counter.example:8080/v1/mailboxes/hello/world');
    expect(response.body).not.toContain('/v1/stream');
  });

  it('is a page for a browser, and repeats nothing that is no host', async () => {
    const { app, get } = await httpFixture({ policies: publicNamespaces('elections') });
    app.get('/v1/stream', async () => 'ok');
    const response = await get('/', { host: '"><script>$(x)', accept: 'text/html,*/*' });
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(response.body).not.toContain('script');
    expect(response.body).toMatch(/curl -N &#39;http:\/\/localhost:\d+\/v1\/stream\?mailbox=\/elections\/world/);
  });

  it('explains every code where the type of a problem points', async () => {
    const { get } = await httpFixture();
    const page = (await get('/errors', { accept: 'text/html' })).body;
    const text = (await get('/errors')).body;
    for (const code of Object.keys(ERRORS)) {
      expect(page).toContain(`id="${code}"`);
      expect(text).toContain(code);
    }
  });
});

describe('OpenAPI', () => {
  it('changes only on purpose', async () => {
    const { get } = await httpFixture();
    await expect((await get('/openapi.json')).body).toMatchFileSnapshot('../golden/openapi.json');
  });

  it('describes every route under /v1, and refers to nothing that is not there', async () => {
    const { app, get } = await httpFixture();
    const document = (await get('/openapi.json')).json();
    const text = JSON.stringify(document);
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(document.components.schemas).toHaveProperty(name);
    expect(Object.keys(document.paths)).toEqual(['/v1/mailboxes/{name}', '/v1/publish', '/v1/mailboxes', '/healthz', '/readyz']);
    expect(Object.keys(document.paths['/v1/mailboxes/{name}']).sort()).toEqual(['delete', 'get', 'post']);
    expect(app.hasRoute({ method: 'POST', url: '/v1/publish' })).toBe(true);
  });
});

describe('a server without a policy', () => {
  it.each([
    ['localhost:8080', undefined, 200],
    ['127.0.0.1', undefined, 200],
    ['[::1]:8080', undefined, 200],
    ['LOCALHOST', 'http://localhost:3000', 200],
    ['localhost', 'https://app.example', 200],
    ['evil.example', undefined, 403],
    ['localhost.evil.example', undefined, 403],
    ['localhost:80@evil.example', undefined, 403],
    ['localhost', 'https://evil.example', 403],
    ['localhost', 'http://localhost.evil.example', 403],
    ['localhost', 'null', 403],
  ])('answers Host %j with Origin %j: %i', async (host, origin, status) => {
    const { get } = await httpFixture({ open: true, corsOrigins: ['https://app.example'] });
    const response = await get('/v1/mailboxes/a', { host, ...(origin && { origin }) });
    expect(response.statusCode).toBe(status);
    if (status === 403) expect(response.json().code).toBe('HOST_REFUSED');
  });

  it.each([
    ['evil.example', undefined, '"evil.example"; to serve others, configure `namespaces`'],
    ['localhost', 'https://evil.example', '"https://evil.example" may not use this server; name their origin in `cors.origins`'],
    ['localhost', 'null', 'serve a page that is a file from http://localhost'],
  ])('says how to mend what it refuses: Host %j, Origin %j', async (host, origin, mend) => {
    const { get } = await httpFixture({ open: true });
    expect((await get('/v1/mailboxes/a', { host, ...(origin && { origin }) })).json().detail).toContain(mend);
  });

  it('lets pages of this machine publish, on whichever port they are served', async () => {
    const { inject } = await httpFixture({ open: true });
    const { statusCode, headers } = await inject({
      method: 'OPTIONS',
      url: '/v1/mailboxes/a',
      headers: { host: 'localhost:8080', origin: 'http://localhost:5173', 'access-control-request-method': 'POST' },
    });
    expect(statusCode).toBe(204);
    expect(headers['access-control-allow-origin']).toBe('http://localhost:5173');
  });

  it('stores nothing for a page of another origin', async () => {
    const { post, log } = await httpFixture({ open: true });
    const response = await post('/v1/mailboxes/a', 'x', { host: 'localhost:8080', origin: 'https://evil.example' });
    expect(response.statusCode).toBe(403);
    expect((await log.state()).head).toBe(0);
  });
});
