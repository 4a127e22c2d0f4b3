import { RestanteError } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { bodiesIn, httpFixture, publicNamespaces } from '../../testing/fixture.js';

const JSON_BODY = { 'content-type': 'application/json' };

describe('POST /v1/mailboxes/{name}', () => {
  it('answers 201 with the place of the message, once it is stored', async () => {
    const { post, log } = await httpFixture();
    const response = await post('/v1/mailboxes/a/b', '{}', JSON_BODY);
    const { epochs, head } = await log.state();
    expect(response.statusCode).toBe(201);
    expect(response.json()).toEqual({
      mailbox: '/a/b',
      cursor: `_.${epochs[0]?.epoch}.1`,
      seq: 1,
      time: 1_700_000_000_000,
      duplicate: false,
    });
    expect(head).toBe(1);
  });

  it('stores one id in one mailbox once, and answers 200 with the first (I8)', async () => {
    const { post, get } = await httpFixture();
    const first = await post('/v1/mailboxes/a', 'one', { 'idempotency-key': 'k-1' });
    const again = await post('/v1/mailboxes/a', 'two', { 'idempotency-key': 'k-1' });
    const elsewhere = await post('/v1/mailboxes/b', 'three', { 'idempotency-key': 'k-1' });
    expect(again.statusCode).toBe(200);
    expect(again.json()).toEqual({ ...first.json(), duplicate: true });
    expect(elsewhere.statusCode).toBe(201);
    expect(bodiesIn(await get('/v1/mailboxes/**'))).toEqual(['one', 'three']);
  });

  it('stores a message without an id as often as it comes', async () => {
    const { post, get } = await httpFixture();
    for (const _ of [1, 2]) expect((await post('/v1/mailboxes/a', 'x')).statusCode).toBe(201);
    const { messages } = (await get('/v1/mailboxes/a')).json();
    expect(messages.map((message: object) => 'id' in message)).toEqual([false, false]);
  });

  it.each([
    ['', 'the body is empty, which is not valid JSON'],
    ['{"a": 1 "b": 2}', 'the body is not valid JSON: see its character 9'],
    ['{"secret": Hello}', 'the body is not valid JSON: unexpected "H"'],
    ['{"a":', 'the body is not valid JSON: it ends too early'],
  ])('says where %j is no JSON, and quotes no more of it', async (body, detail) => {
    const { post } = await httpFixture();
    expect((await post('/v1/mailboxes/a', body, JSON_BODY)).json()).toMatchObject({ code: 'JSON_INVALID', detail });
  });

  it.each([
    [
      'JSON with its bytes',
      '{"a": 1.0, "__proto__": 12345678901234567890}',
      'application/json',
      '"data":{"a": 1.0, "__proto__": 12345678901234567890}',
    ],
    ['JSON, its line breaks turned into spaces', '{\r\n"a":"\\n"\n}', 'application/json; charset=utf-8', '"data":{  "a":"\\n" }'],
    ['JSON of a type that says more', '[]', 'application/ld+json', '"contentType":"application/ld+json","data":[]'],
    ['text', 'grüß "dich"\n', 'text/plain;charset=UTF-8', '"text":"grüß \\"dich\\"\\n"'],
    ['text that looks like JSON', '{}', 'text/plain', '"text":"{}"'],
    ['text of a type that says more', '<b>', 'text/html', '"contentType":"text/html","text":"<b>"'],
    ['other bytes', Buffer.from([0xff, 0]), 'image/png', '"contentType":"image/png","base64":"/wA="'],
    ['what is said to be bytes', 'hi', 'application/octet-stream', '"contentType":"application/octet-stream","base64":"aGk="'],
    ['JSON that nobody named', ' [1.50]', undefined, '"data": [1.50]'],
    ['JSON from curl', '{"a":1}', 'application/x-www-form-urlencoded', '"data":{"a":1}'],
    ['text from curl', 'a=1&b=2', 'application/x-www-form-urlencoded', '"text":"a=1&b=2"'],
    ['text that nobody named', 'true story', undefined, '"text":"true story"'],
    ['bytes that nobody named', Buffer.from([0xff]), undefined, '"base64":"/w=="'],
    ['nothing at all', '', undefined, '"text":""'],
  ])('keeps %s', async (_, body, type, stored) => {
    const { post, get } = await httpFixture();
    const response = await post('/v1/mailboxes/a', body, type === undefined ? {} : { 'content-type': type });
    expect(response.statusCode).toBe(201);
    const page = (await get('/v1/mailboxes/a')).body;
    expect(page).toContain(`${stored}}]`);
    expect(page).not.toContain('\n');
    expect(page.includes('contentType')).toBe(stored.includes('contentType'));
  });

  it.each([
    ['broken JSON', '{"a":', 'application/json', 'JSON_INVALID'],
    ['empty JSON', '', 'application/json', 'JSON_INVALID'],
    ['JSON with a byte order mark', '\ufeff{}', 'application/json', 'JSON_INVALID'],
    ['JSON that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'application/json', 'JSON_INVALID'],
    ['text that is no UTF-8', Buffer.from([0xff]), 'text/plain', 'BODY_INVALID'],
    ['a content type that is none', 'x', 'text', 'MEDIA_TYPE_UNSUPPORTED'],
    ['a content type without an end', 'x', `text/plain; x=${'y'.repeat(300)}`, 'BODY_INVALID'],
  ])('refuses %s', async (_, body, type, code) => {
    const { post, log } = await httpFixture();
    const response = await post('/v1/mailboxes/a', body, { 'content-type': type });
    expect(response.json()).toMatchObject({ code, status: response.statusCode });
    expect((await log.state()).head).toBe(0);
  });

  it.each([
    ['an id with a blank', { 'idempotency-key': 'a b' }, 400, 'ID_INVALID'],
    ['an id that is too long', { 'idempotency-key': 'x'.repeat(129) }, 400, 'ID_INVALID'],
    ['a compressed body', { 'content-encoding': 'gzip' }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['a release time without a courier', { 'restante-release-at': '2030-01-01T00:00:00Z' }, 501, 'SCHEDULE_UNAVAILABLE'],
    ['headers over their limit', { 'restante-a': 'x'.repeat(3_000), 'restante-b': 'x'.repeat(3_000) }, 431, 'HEADERS_TOO_LARGE'],
  ])('refuses %s', async (_, headers, status, code) => {
    const { post } = await httpFixture();
    const response = await post('/v1/mailboxes/a', 'x', headers);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.json()).toMatchObject({ code, status, retryable: false, type: `/errors#${code}` });
  });

  it('carries Restante-* headers, and no others', async () => {
    const { post, get } = await httpFixture();
    await post('/v1/mailboxes/a', 'x', { 'Restante-Trace': 'abc', 'X-Other': 'no' });
    expect((await get('/v1/mailboxes/a')).json().messages[0].headers).toEqual({ 'restante-trace': 'abc' });
  });

  it('takes names however they are written, decoded once', async () => {
    const { post, get } = await httpFixture();
    expect((await post('/v1/mailboxes/%61%2Fb', 'x')).json().mailbox).toBe('/a/b');
    expect((await post('/v1/mailboxes/%2561', 'x')).json().code).toBe('MAILBOX_INVALID');
    expect(bodiesIn(await get('/v1/mailboxes/a%2F%2A'))).toEqual(['x']);
  });

  it.each([
    ['/v1/mailboxes/', 'MAILBOX_INVALID'],
    ['/v1/mailboxes/a//b', 'MAILBOX_INVALID'],
    ['/v1/mailboxes/a/*', 'MAILBOX_INVALID'],
    ['/v1/mailboxes/a%20b', 'MAILBOX_INVALID'],
    [`/v1/mailboxes/${'a'.repeat(255)}`, 'MAILBOX_INVALID'],
    [`/v1/mailboxes/a${'/a'.repeat(16)}`, 'MAILBOX_INVALID'],
    ['/v1/mailboxes/meta/connect', 'MAILBOX_RESERVED'],
    ['/v1/mailboxes/%ff', 'REQUEST_INVALID'],
    ['/v1/mailboxes/a?releaseAt=1', 'QUERY_INVALID'],
  ])('refuses %s', async (url, code) => {
    const { post } = await httpFixture();
    expect((await post(url, 'x')).json().code).toBe(code);
  });

  it('names what to configure where no namespace takes the name', async () => {
    const { post } = await httpFixture({ policies: publicNamespaces('elections') });
    const response = await post('/v1/mailboxes/other/x', 'x');
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'MAILBOX_NOT_CONFIGURED', detail: expect.stringContaining('namespaces.other') });
  });

  it('takes a body of exactly the limit, and not one byte more', async () => {
    const { post } = await httpFixture({ limits: { messageBytesMax: 1_000 } });
    expect((await post('/v1/mailboxes/a', 'x'.repeat(1_000))).statusCode).toBe(201);
    const response = await post('/v1/mailboxes/a', 'x'.repeat(1_001));
    expect(response.statusCode).toBe(413);
    expect(response.json().code).toBe('MESSAGE_TOO_LARGE');
  });

  it('tells when to come back where the log cannot store', async () => {
    const { post, log } = await httpFixture();
    log.append = async () => [{ ok: false, error: new RestanteError('LOG_FULL', 'no space', { retryAfterMs: 2_500 }) }];
    const response = await post('/v1/mailboxes/a', 'x');
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBe('3');
    expect(response.json()).toMatchObject({ code: 'LOG_FULL', retryable: true, retryAfterMs: 2_500 });
  });

  it('never shows what went wrong inside, and writes it to the log', async () => {
    const written: unknown[] = [];
    const { post, log } = await httpFixture({ faults: { error: (details) => written.push(details) } });
    log.append = async () => Promise.reject(new Error('secret path'));
    const response = await post('/v1/mailboxes/a', 'x');
    expect(response.statusCode).toBe(500);
    expect(response.json().code).toBe('INTERNAL');
    expect(response.body).not.toContain('secret');
    expect(written).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ message: 'secret path' }), route: '/v1/mailboxes/*' }),
    ]);
  });

  it('refuses more bodies than a slow log may hold up', async () => {
    const { post, log } = await httpFixture({ limits: { appendBytesMax: 1_000 } });
    const append = log.append.bind(log);
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    log.append = async (entries) => released.then(() => append(entries));
    const first = post('/v1/mailboxes/a', 'x'.repeat(600));
    const second = await post('/v1/mailboxes/a', 'x'.repeat(600));
    expect(second.json()).toMatchObject({ code: 'OVERLOADED', retryable: true });
    release();
    expect((await first).statusCode).toBe(201);
    expect((await post('/v1/mailboxes/a', 'x'.repeat(600))).statusCode).toBe(201);
  });
});
