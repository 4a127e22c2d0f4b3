import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { PageBody, sendPage } from './page-body.js';

describe('a page that not everybody may read', () => {
  it('is kept by no cache, even where it is closed (I9)', async () => {
    const app = fastify();
    const body = new PageBody({ entries: [], next: new Map(), complete: true, closed: true });
    app.get('/', (request, reply) => sendPage(request, reply, body, false));
    const { headers } = await app.inject({ method: 'GET', url: '/' });
    expect(headers['cache-control']).toBe('private, no-store');
    expect(headers.etag).toBeUndefined();
  });
});
