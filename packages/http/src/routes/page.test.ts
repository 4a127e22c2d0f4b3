import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PageBody } from '../page-body.js';
import { bodiesIn, type Fixture, httpFixture, publicNamespaces } from '../../testing/fixture.js';

async function drop(fixture: Fixture, ...messages: readonly (readonly [string, string])[]): Promise<string[]> {
  const cursors: string[] = [];
  for (const [mailbox, text] of messages) {
    fixture.advance(1);
    cursors.push((await fixture.post(`/v1/mailboxes${mailbox}`, text, { 'content-type': 'text/plain' })).json().cursor);
  }
  return cursors;
}

const COUNT: readonly (readonly [string, string])[] = ['1', '2', '3', '4', '5'].map((text) => ['/a', text]);

describe('GET /v1/mailboxes/{name or pattern}', () => {
  it('gives every message from the earliest on, and goes on from next', async () => {
    const fixture = await httpFixture();
    await drop(fixture, ...COUNT);
    const first = await fixture.get('/v1/mailboxes/a?limit=3');
    const second = await fixture.get(`/v1/mailboxes/a?limit=3&after=${first.json().next}`);
    const third = await fixture.get(`/v1/mailboxes/a?limit=3&after=${second.json().next}`);
    expect([first, second, third].map(bodiesIn)).toEqual([['1', '2', '3'], ['4', '5'], []]);
    expect(third.json()).toEqual({ messages: [], next: second.json().next, complete: true });
  });

  it('goes on from the cursor of any Message', async () => {
    const fixture = await httpFixture();
    const cursors = await drop(fixture, ...COUNT);
    expect(bodiesIn(await fixture.get(`/v1/mailboxes/a?after=${cursors[2]}`))).toEqual(['4', '5']);
  });

  it('says where the head is for after=now', async () => {
    const fixture = await httpFixture();
    const cursors = await drop(fixture, ...COUNT);
    expect((await fixture.get('/v1/mailboxes/a?after=now')).json()).toEqual({ messages: [], next: cursors[4], complete: true });
  });

  it('pages back with last and before, always ascending', async () => {
    const fixture = await httpFixture();
    const cursors = await drop(fixture, ...COUNT, ['/b', 'other']);
    expect(bodiesIn(await fixture.get('/v1/mailboxes/a?last=2'))).toEqual(['4', '5']);
    const back = await fixture.get(`/v1/mailboxes/a?before=${cursors[3]}&limit=2`);
    expect(bodiesIn(back)).toEqual(['2', '3']);
    expect(back.json().complete).toBe(true);
  });

  it('gives the newest of each mailbox with catchUp=latest', async () => {
    const fixture = await httpFixture();
    await drop(fixture, ['/a/x', '1'], ['/a/y', '2'], ['/a/x', '3'], ['/b', '4']);
    expect(bodiesIn(await fixture.get('/v1/mailboxes/a/*?catchUp=latest'))).toEqual(['2', '3']);
  });

  it('ends a page before it has too many bytes, and after one message at least', async () => {
    const fixture = await httpFixture({ limits: { pageBytesMax: 1_000 } });
    await drop(fixture, ['/a', 'x'.repeat(5_000)], ['/a', 'y'], ['/a', 'z'.repeat(900)]);
    const first = await fixture.get('/v1/mailboxes/a');
    expect(bodiesIn(first)).toEqual(['x'.repeat(5_000)]);
    expect(bodiesIn(await fixture.get(`/v1/mailboxes/a?after=${first.json().next}`))).toEqual(['y']);
  });

  it('shows a purge as a message without a body', async () => {
    const fixture = await httpFixture();
    await drop(fixture, ['/a', '1']);
    await fixture.inject({ method: 'DELETE', url: '/v1/mailboxes/a' });
    const { messages } = (await fixture.get('/v1/mailboxes/a')).json();
    expect(messages).toEqual([{ mailbox: '/a', cursor: expect.any(String), time: expect.any(Number), purged: true }]);
  });

  describe('over several namespaces', () => {
    const several = () => httpFixture({ policies: publicNamespaces('a', 'b', 'c', '*') });
    const MIXED = [
      ['/a/x', '1'],
      ['/b/x', '2'],
      ['/a/x', '3'],
      ['/z', '4'],
      ['/b/x', '5'],
    ] as const;

    it('merges by time, and names every log in next, the empty ones as 0', async () => {
      const fixture = await several();
      await drop(fixture, ...MIXED);
      const page = await fixture.get('/v1/mailboxes/**');
      expect(bodiesIn(page)).toEqual(['1', '2', '3', '4', '5']);
      expect(page.json().next).toMatch(/^_\.\w+\.1,a\.\w+\.2,b\.\w+\.2,c\.\w+\.0$/);
    });

    it.each([1, 2, 3, 4])('loses nothing and doubles nothing in pages of %i', async (limit) => {
      const fixture = await several();
      await drop(fixture, ...MIXED);
      const seen: unknown[] = [];
      let after = 'earliest';
      for (let pages = 0; pages < 6; pages += 1) {
        const page = await fixture.get(`/v1/mailboxes/**?limit=${limit}&after=${after}`);
        seen.push(...bodiesIn(page));
        after = page.json().next;
      }
      expect(seen).toEqual(['1', '2', '3', '4', '5']);
    });

    it('starts a log that the cursor lacks at its earliest, and ignores those that the pattern does not touch', async () => {
      const fixture = await several();
      const cursors = await drop(fixture, ...MIXED);
      expect(bodiesIn(await fixture.get(`/v1/mailboxes/**?after=${cursors[2]}`))).toEqual(['2', '4', '5']);
      expect(bodiesIn(await fixture.get(`/v1/mailboxes/b/*?after=${cursors[2]},zzz.aaaaaaaa.7`))).toEqual(['2', '5']);
    });

    it('gives the newest of all with last', async () => {
      const fixture = await several();
      await drop(fixture, ...MIXED);
      expect(bodiesIn(await fixture.get('/v1/mailboxes/**?last=2'))).toEqual(['4', '5']);
    });

    it('is refused before', async () => {
      const fixture = await several();
      const [cursor] = await drop(fixture, ...MIXED);
      expect((await fixture.get(`/v1/mailboxes/**?before=${cursor}`)).json().code).toBe('QUERY_INVALID');
    });

    it('is complete only where every log is', async () => {
      const fixture = await several();
      await drop(fixture, ...MIXED);
      const { next } = (await fixture.get('/v1/mailboxes/**')).json();
      const elsewhere = next.replace(/b\.\w+\.2/, 'b.otherepoch.2');
      const page = await fixture.get(`/v1/mailboxes/**?after=${elsewhere}`);
      expect(page.json()).toMatchObject({ complete: false, reason: 'history', messages: [{ text: '2' }, { text: '5' }] });
    });
  });

  it('says that retention took messages, before anything newer (I3)', async () => {
    const fixture = await httpFixture({ historyBytes: 700 });
    const [first] = await drop(fixture, ['/a', 'x'.repeat(300)], ['/a', 'y'.repeat(300)], ['/a', 'z'.repeat(300)]);
    const { epochs, floor } = await fixture.log.state();
    expect(floor).toBeGreaterThan(0);
    const page = await fixture.get(`/v1/mailboxes/a?after=${first?.replace(/\d+$/, '0')}`);
    expect(page.json()).toMatchObject({ complete: false, reason: 'retention' });
    expect((await fixture.get('/v1/mailboxes/a')).json().complete).toBe(true);
    expect(page.json().next).toBe(`_.${epochs[0]?.epoch}.3`);
  });

  it('never serves a cursor of another history in silence (I11)', async () => {
    const fixture = await httpFixture();
    const cursors = await drop(fixture, ...COUNT);
    fixture.log.fork(3);
    await drop(fixture, ['/a', 'new']);
    const page = await fixture.get(`/v1/mailboxes/a?after=${cursors[4]}`);
    expect(page.json()).toMatchObject({ complete: false, reason: 'history', messages: [{ text: 'new' }] });
    expect((await fixture.get(`/v1/mailboxes/a?after=${cursors[2]}`)).json()).toMatchObject({
      complete: true,
      messages: [{ text: 'new' }],
    });
  });

  it('says what may stand for a cursor that is none', async () => {
    const { get } = await httpFixture();
    const detail = async (query: string) => (await get(`/v1/mailboxes/a?${query}`)).json().detail;
    expect(await detail('after=yesterday')).toContain('"yesterday" is not a cursor, "earliest" or "now": ');
    expect(await detail('before=now')).toContain('"now" is not a cursor: ');
  });

  it.each([
    ['after=x', 'CURSOR_INVALID'],
    ['after=_.short.1', 'CURSOR_INVALID'],
    ['before=x', 'CURSOR_INVALID'],
    ['before=other.aaaaaaaa.1', 'QUERY_INVALID'],
    ['last=2&after=now', 'QUERY_INVALID'],
    ['last=2&before=_.aaaaaaaa.1', 'QUERY_INVALID'],
    ['last=2&catchUp=latest', 'QUERY_INVALID'],
    ['before=_.aaaaaaaa.1&after=now', 'QUERY_INVALID'],
    ['last=0', 'QUERY_INVALID'],
    ['limit=1001', 'QUERY_INVALID'],
    ['limit=1e2', 'QUERY_INVALID'],
    ['limit=', 'QUERY_INVALID'],
    ['limit=1&limit=2', 'QUERY_INVALID'],
    ['catchUp=all', 'QUERY_INVALID'],
    ['wait=61', 'QUERY_INVALID'],
    ['wait=-1', 'QUERY_INVALID'],
    ['wait=1', 'QUERY_INVALID'],
    ['limits=1', 'QUERY_INVALID'],
    ['toString=1', 'QUERY_INVALID'],
  ])('refuses ?%s', async (query, code) => {
    const { get } = await httpFixture();
    const response = await get(`/v1/mailboxes/a?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json().code).toBe(code);
  });

  it.each([
    ['/v1/mailboxes/a/*/b', 400, 'PATTERN_INVALID'],
    ['/v1/mailboxes/', 400, 'PATTERN_INVALID'],
    ['/v1/mailboxes/meta/x', 403, 'MAILBOX_RESERVED'],
    ['/v1/mailboxes/service/**', 403, 'MAILBOX_RESERVED'],
    ['/v1/mailboxes/secret/x', 403, 'FORBIDDEN'],
    ['/v1/mailboxes/**', 403, 'FORBIDDEN'],
    ['/v1/mailboxes/none', 404, 'MAILBOX_NOT_CONFIGURED'],
  ])('refuses %s (I9)', async (url, status, code) => {
    const policies = new Map([
      ['a', { read: 'public', publish: 'nobody' }],
      ['secret', { read: 'nobody', publish: 'public' }],
    ] as const);
    const { get } = await httpFixture({ policies });
    const response = await get(url);
    expect([response.statusCode, response.json().code]).toEqual([status, code]);
  });

  describe('caching', () => {
    it('lets everybody keep a full page for ten seconds, and knows it again', async () => {
      const fixture = await httpFixture();
      await drop(fixture, ...COUNT);
      const page = await fixture.get('/v1/mailboxes/a?limit=2');
      expect(page.headers).toMatchObject({
        'cache-control': 'public, max-age=10',
        etag: expect.stringMatching(/^"[\w-]+"$/),
        vary: 'Origin, Accept-Encoding',
      });
      const again = await fixture.get('/v1/mailboxes/a?limit=2', { 'if-none-match': `"x", W/${page.headers.etag}` });
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', page.headers.etag]);
    });

    it('changes the tag when a message of the page was purged', async () => {
      const fixture = await httpFixture();
      await drop(fixture, ['/a/x', '1'], ['/a/y', '2'], ['/a/x', '3'], ['/a/x', '4']);
      const before = await fixture.get('/v1/mailboxes/a/**?limit=2');
      await fixture.inject({ method: 'DELETE', url: '/v1/mailboxes/a/y' });
      const after = await fixture.get('/v1/mailboxes/a/**?limit=2', { 'if-none-match': String(before.headers.etag) });
      expect(after.statusCode).toBe(200);
      expect(bodiesIn(after)).toEqual(['1', '3']);
    });

    it.each(['', '?after=now', '?last=1', '?catchUp=latest&limit=1'])('keeps no page that may change: %s', async (query) => {
      const fixture = await httpFixture();
      await drop(fixture, ...COUNT);
      const page = await fixture.get(`/v1/mailboxes/a${query}`);
      expect(page.headers['cache-control']).toBe('private, no-store');
      expect(page.headers.etag).toBeUndefined();
    });
  });

  describe('compression', () => {
    const long = ['/a', 'x'.repeat(5_000)] as const;

    it('compresses a long page for those who take gzip', async () => {
      const fixture = await httpFixture();
      await drop(fixture, long);
      const plain = await fixture.get('/v1/mailboxes/a?limit=1');
      const packed = await fixture.get('/v1/mailboxes/a?limit=1', { 'accept-encoding': 'br, gzip;q=0.5' });
      expect(packed.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body);
      expect(packed.headers.etag).not.toBe(plain.headers.etag);
      const known = await fixture.get('/v1/mailboxes/a?limit=1', {
        'accept-encoding': 'gzip',
        'if-none-match': String(packed.headers.etag),
      });
      expect(known.statusCode).toBe(304);
    });

    it('compresses a body once, however many share it', async () => {
      const body = new PageBody({ entries: [], next: new Map(), complete: true, closed: false });
      expect(body.gzipped()).toBe(body.gzipped());
      expect(gunzipSync(await body.gzipped()).toString()).toBe(body.bytes.toString());
    });

    it.each(['', 'identity', 'gzip;q=0', 'br', '*;q=0'])('leaves it as it is for %j', async (accepts) => {
      const fixture = await httpFixture();
      await drop(fixture, long);
      expect((await fixture.get('/v1/mailboxes/a', { 'accept-encoding': accepts })).headers['content-encoding']).toBeUndefined();
    });

    it('leaves short pages as they are', async () => {
      const fixture = await httpFixture();
      expect((await fixture.get('/v1/mailboxes/a', { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
    });
  });
});
