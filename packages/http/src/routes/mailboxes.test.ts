import { describe, expect, it } from 'vitest';
import { httpFixture, publicNamespaces } from '../../testing/fixture.js';

const names = (list: { mailboxes: { mailbox: string }[] }) => list.mailboxes.map(({ mailbox }) => mailbox);

describe('GET /v1/mailboxes', () => {
  it('lists names with head and time, by their newest message, in pages', async () => {
    const { get, post } = await httpFixture();
    for (const name of ['a/x', 'a/y', 'a/x', 'b']) await post(`/v1/mailboxes/${name}`, 'x');
    const first = (await get('/v1/mailboxes?pattern=/a/**&limit=1')).json();
    expect(first.mailboxes).toEqual([{ mailbox: '/a/y', head: expect.stringMatching(/^_\.\w+\.2$/), time: 1_700_000_000_000 }]);
    const second = (await get(`/v1/mailboxes?pattern=/a/**&limit=1&after=${first.next}`)).json();
    expect(names(second)).toEqual(['/a/x']);
    expect(names((await get(`/v1/mailboxes?pattern=/a/**&after=${second.next}`)).json())).toEqual([]);
  });

  it('lists over all namespaces', async () => {
    const { get, post } = await httpFixture({ policies: publicNamespaces('a', 'b', 'c') });
    for (const name of ['b/x', 'a/y']) await post(`/v1/mailboxes/${name}`, 'x');
    const list = (await get('/v1/mailboxes?pattern=/**')).json();
    expect(names(list).sort()).toEqual(['/a/y', '/b/x']);
    expect(list.next).toMatch(/^a\.\w+\.1,b\.\w+\.1,c\.\w+\.0$/);
  });

  it('does not list what was purged, until a message comes', async () => {
    const { get, post, inject } = await httpFixture();
    await post('/v1/mailboxes/a', 'x');
    const purged = await inject({ method: 'DELETE', url: '/v1/mailboxes/a' });
    expect(purged.json()).toEqual({ mailbox: '/a', cursor: expect.stringMatching(/^_\.\w+\.2$/) });
    expect(names((await get('/v1/mailboxes?pattern=/a')).json())).toEqual([]);
    await post('/v1/mailboxes/a', 'y');
    expect(names((await get('/v1/mailboxes?pattern=/a')).json())).toEqual(['/a']);
  });

  it.each([
    ['', 'QUERY_INVALID'],
    ['?pattern=a', 'PATTERN_INVALID'],
    ['?pattern=/a&after=now', 'CURSOR_INVALID'],
    ['?pattern=/a&limit=0', 'QUERY_INVALID'],
    ['?pattern=/a&last=1', 'QUERY_INVALID'],
    ['?pattern=/service/**', 'MAILBOX_RESERVED'],
  ])('refuses %j', async (query, code) => {
    const { get } = await httpFixture();
    expect((await get(`/v1/mailboxes${query}`)).json().code).toBe(code);
  });
});

describe('DELETE /v1/mailboxes/{name}', () => {
  it('needs the permission to publish (I9)', async () => {
    const { inject, log } = await httpFixture({ policies: new Map([['a', { read: 'public', publish: 'nobody' }]]) });
    const response = await inject({ method: 'DELETE', url: '/v1/mailboxes/a/x' });
    expect([response.statusCode, response.json().code]).toEqual([403, 'FORBIDDEN']);
    expect((await log.state()).head).toBe(0);
  });

  it('purges one mailbox, not a pattern', async () => {
    const { inject } = await httpFixture();
    expect((await inject({ method: 'DELETE', url: '/v1/mailboxes/a/**' })).json().code).toBe('MAILBOX_INVALID');
  });
});
