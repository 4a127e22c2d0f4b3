import { RestanteError } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { bodiesIn, httpFixture, publicNamespaces } from '../../testing/fixture.js';

describe('POST /v1/publish', () => {
  it('stores messages in order and answers each', async () => {
    const { post, get } = await httpFixture();
    const batch = '[{"mailbox":"/a","data":1},{"mailbox":"/b","text":"two"},{"mailbox":"/a","base64":"/wA="}]';
    const response = await post('/v1/publish', batch, { 'content-type': 'application/json' });
    expect(response.statusCode).toBe(200);
    expect(response.json().results).toMatchObject([
      { mailbox: '/a', seq: 1, duplicate: false },
      { mailbox: '/b', seq: 2, duplicate: false },
      { mailbox: '/a', seq: 3, duplicate: false },
    ]);
    expect(bodiesIn(await get('/v1/mailboxes/**'))).toEqual([1, 'two', '/wA=']);
  });

  it('keeps the source bytes of data, on one line', async () => {
    const { post, get } = await httpFixture();
    await post(
      '/v1/publish',
      '[{"mailbox":"/a","data":{"n":1.0,\n"big":12345678901234567890,"__proto__":{"x":1}}},{"data":0,"mailbox":"/a","data":-0.0}]',
    );
    const page = (await get('/v1/mailboxes/a')).body;
    expect(page).toContain('"data":{"n":1.0, "big":12345678901234567890,"__proto__":{"x":1}}}');
    expect(page).toContain('"data":-0.0}');
  });

  it.each([
    ['no object', '1', 'BODY_INVALID'],
    ['an unknown field', '{"mailbox":"/a","data":1,"ttl":5}', 'BODY_INVALID'],
    ['__proto__ as a field', '{"mailbox":"/a","data":1,"__proto__":{}}', 'BODY_INVALID'],
    ['no mailbox', '{"data":1}', 'MAILBOX_INVALID'],
    ['a number for a mailbox', '{"mailbox":1,"data":1}', 'BODY_INVALID'],
    ['a bad mailbox', '{"mailbox":"a","data":1}', 'MAILBOX_INVALID'],
    ['a reserved mailbox', '{"mailbox":"/meta/x","data":1}', 'MAILBOX_RESERVED'],
    ['no body', '{"mailbox":"/a"}', 'BODY_INVALID'],
    ['two bodies', '{"mailbox":"/a","data":1,"text":"x"}', 'BODY_INVALID'],
    ['a text that is none', '{"mailbox":"/a","text":null}', 'BODY_INVALID'],
    ['bad base64', '{"mailbox":"/a","base64":"a"}', 'BODY_INVALID'],
    ['a type that contradicts the body', '{"mailbox":"/a","text":"x","contentType":"image/png"}', 'BODY_INVALID'],
    ['a type with a line break', '{"mailbox":"/a","base64":"","contentType":"image/png\\r\\nx: y"}', 'BODY_INVALID'],
    ['a bad id', '{"mailbox":"/a","data":1,"id":""}', 'ID_INVALID'],
    ['a header of another kind', '{"mailbox":"/a","data":1,"headers":{"x-a":"1"}}', 'BODY_INVALID'],
    ['a header with a line break', '{"mailbox":"/a","data":1,"headers":{"restante-a":"1\\r\\nx: y"}}', 'BODY_INVALID'],
    ['a release time', '{"mailbox":"/a","data":1,"releaseAt":5}', 'SCHEDULE_UNAVAILABLE'],
    ['too large a body', `{"mailbox":"/a","text":"${'x'.repeat(101)}"}`, 'MESSAGE_TOO_LARGE'],
  ])('refuses a message with %s, and stores the others', async (_, bad, code) => {
    const { post, get } = await httpFixture({ limits: { messageBytesMax: 100 } });
    const response = await post('/v1/publish', `[{"mailbox":"/a","text":"before"},${bad},{"mailbox":"/a","text":"after"}]`);
    expect(response.statusCode).toBe(200);
    expect(response.json().results).toMatchObject([{ seq: 1 }, { code, retryable: false }, { seq: 2 }]);
    expect(bodiesIn(await get('/v1/mailboxes/a'))).toEqual(['before', 'after']);
  });

  it.each([
    ['no JSON', '[', {}, 400, 'JSON_INVALID'],
    ['no array', '{"mailbox":"/a","data":1}', {}, 400, 'BODY_INVALID'],
    ['an empty array', '[]', {}, 400, 'BODY_INVALID'],
    ['too many messages', `[${'1,'.repeat(1_000)}1]`, {}, 413, 'BATCH_TOO_LARGE'],
    ['too many bytes', `["${'x'.repeat(2_000)}"]`, {}, 413, 'BATCH_TOO_LARGE'],
    ['another content type', '[1]', { 'content-type': 'text/plain' }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['a compressed body', '[1]', { 'content-encoding': 'br' }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
  ])('refuses %s as a whole', async (_, batch, headers, status, code) => {
    const batchBytesMax = code === 'BATCH_TOO_LARGE' && batch.startsWith('["') ? 1_000 : 10_000;
    const { post } = await httpFixture({ limits: { batchBytesMax } });
    const response = await post('/v1/publish', batch, headers);
    expect(response.statusCode).toBe(status);
    expect(response.json().code).toBe(code);
  });

  it('stores an id once, and takes headers and content types along', async () => {
    const { post, get } = await httpFixture();
    const item = '{"mailbox":"/a","text":"<b>","contentType":"text/html","id":"k","headers":{"Restante-Trace":"t"}}';
    const response = await post('/v1/publish', `[${item},${item}]`);
    expect(response.json().results).toMatchObject([
      { seq: 1, duplicate: false },
      { seq: 1, duplicate: true },
    ]);
    expect((await get('/v1/mailboxes/a')).json().messages).toEqual([
      expect.objectContaining({ id: 'k', headers: { 'restante-trace': 't' }, contentType: 'text/html', text: '<b>' }),
    ]);
  });

  it('answers for each log on its own where one of them fails', async () => {
    const { post, logs } = await httpFixture({ policies: publicNamespaces('a', 'b', 'c') });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => logs.get(name));
    if (a) a.append = async (entries) => entries.map(() => ({ ok: false, error: new RestanteError('LOG_UNAVAILABLE', 'away') }));
    if (b) b.append = async () => Promise.reject(new Error('secret'));
    const response = await post('/v1/publish', '[{"mailbox":"/a/x","data":1},{"mailbox":"/b/x","data":1},{"mailbox":"/c/x","data":1}]');
    expect(response.json().results).toMatchObject([
      { code: 'LOG_UNAVAILABLE', retryable: true },
      { code: 'INTERNAL' },
      { mailbox: '/c/x', seq: 1 },
    ]);
    expect(response.body).not.toContain('secret');
    expect((await c?.state())?.head).toBe(1);
  });
});
