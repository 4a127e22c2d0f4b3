import { openScene, type Publisher, type Scene, TRANSPORTS } from '@restante/testkit';
import { LIMITS } from '@restante/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, silentConnection, talk } from './raw-exchange.js';

/** Whatever a peer sends, it gets a stable code or close code, and nobody else notices: witnesses follow all the while (I7). */

let scene: Scene;
let publisher: Publisher;
let publishing: Promise<void>;
const over = new AbortController();

beforeAll(async () => {
  scene = await openScene();
  publisher = scene.publisher('witnessed');
  for (const transport of TRANSPORTS) scene.follow({ transport, pattern: '/witness/**' });
  publishing = publisher.run({
    count: 1_000_000,
    drop: (index) => ({ mailbox: `/witness/${index % 10}`, data: index }),
    messagesPerSecond: 50,
    signal: over.signal,
  });
});
afterAll(() => scene.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const cursorWith = (parts: number): string => Array.from({ length: parts }, (_, i) => `log-${i}.epoch000.1`).join(',');

describe('over HTTP', () => {
  it.each([
    ['a name with an empty segment', 'POST', '/v1/mailboxes/a//b', '1', JSON_TYPE, 400, 'MAILBOX_INVALID'],
    ['a name with a space', 'POST', '/v1/mailboxes/a%20b', '1', JSON_TYPE, 400, 'MAILBOX_INVALID'],
    ['a name with a slash in a segment', 'POST', '/v1/mailboxes/a%2F..%2Fb', '1', JSON_TYPE, 400, 'MAILBOX_INVALID'],
    ['a name of 17 segments', 'POST', `/v1/mailboxes${'/s'.repeat(17)}`, '1', JSON_TYPE, 400, 'MAILBOX_INVALID'],
    ['a name of 256 bytes', 'POST', `/v1/mailboxes/${'n'.repeat(255)}`, '1', JSON_TYPE, 400, 'MAILBOX_INVALID'],
    ['a pattern where a name is wanted', 'POST', '/v1/mailboxes/a/*', '1', JSON_TYPE, 400, 'MAILBOX_INVALID'],
    ['a star in the middle', 'GET', '/v1/mailboxes/a/*/b', undefined, {}, 400, 'PATTERN_INVALID'],
    ['a reserved name', 'POST', '/v1/mailboxes/meta/x', '1', JSON_TYPE, 403, 'MAILBOX_RESERVED'],
    [
      'a body over the limit',
      'POST',
      '/v1/mailboxes/a',
      'x'.repeat(LIMITS.messageBytesMax + 1),
      { 'content-type': 'text/plain' },
      413,
      'MESSAGE_TOO_LARGE',
    ],
    ['too many messages', 'POST', '/v1/publish', `[${'1,'.repeat(LIMITS.batchMessagesMax)}1]`, JSON_TYPE, 413, 'BATCH_TOO_LARGE'],
    ['invalid JSON', 'POST', '/v1/mailboxes/a', '{"a":', JSON_TYPE, 400, 'JSON_INVALID'],
    ['JSON that is not UTF-8', 'POST', '/v1/mailboxes/a', Buffer.from([0x22, 0xff, 0x22]), JSON_TYPE, 400, 'JSON_INVALID'],
    ['an id with a space', 'POST', '/v1/mailboxes/a', '1', { ...JSON_TYPE, 'idempotency-key': 'a b' }, 400, 'ID_INVALID'],
    [
      'an id too long',
      'POST',
      '/v1/mailboxes/a',
      '1',
      { ...JSON_TYPE, 'idempotency-key': 'k'.repeat(LIMITS.idBytesMax + 1) },
      400,
      'ID_INVALID',
    ],
    [
      'headers too large',
      'POST',
      '/v1/mailboxes/a',
      '1',
      { ...JSON_TYPE, 'restante-x': 'h'.repeat(LIMITS.headersBytesMax + 1) },
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['a damaged cursor', 'GET', '/v1/mailboxes/a?after=_.epoch000', undefined, {}, 400, 'CURSOR_INVALID'],
    ['a cursor with a log twice', 'GET', '/v1/mailboxes/a?after=_.epoch000.1,_.epoch000.2', undefined, {}, 400, 'CURSOR_INVALID'],
    ['a cursor of too many parts', 'GET', `/v1/mailboxes/a?after=${cursorWith(65)}`, undefined, {}, 400, 'CURSOR_INVALID'],
    ['a seq beyond all numbers', 'GET', '/v1/mailboxes/a?after=_.epoch000.9999999999999999', undefined, {}, 400, 'CURSOR_INVALID'],
    ['an unknown parameter', 'GET', '/v1/mailboxes/a?afterwards=1', undefined, {}, 400, 'QUERY_INVALID'],
    ['a limit over the limit', 'GET', '/v1/mailboxes/a?limit=1001', undefined, {}, 400, 'QUERY_INVALID'],
    ['a wait over the limit', 'GET', '/v1/mailboxes/a?wait=61', undefined, {}, 400, 'QUERY_INVALID'],
    ['a stream of nothing', 'GET', '/v1/stream', undefined, {}, 400, 'QUERY_INVALID'],
    ['a stream from a damaged cursor', 'GET', '/v1/stream?mailbox=/a&after=x', undefined, {}, 400, 'CURSOR_INVALID'],
    ['a stream resumed from a damaged cursor', 'GET', '/v1/stream?mailbox=/a', undefined, { 'last-event-id': 'x' }, 400, 'CURSOR_INVALID'],
    ['a stream of a broken pattern', 'GET', '/v1/stream?mailbox=a', undefined, {}, 400, 'PATTERN_INVALID'],
    ['no such route', 'GET', '/v2/mailboxes/a', undefined, {}, 404, 'NOT_FOUND'],
    ['no such method', 'PUT', '/v1/mailboxes/a', '1', JSON_TYPE, 405, 'METHOD_NOT_ALLOWED'],
    ['a socket without an upgrade', 'GET', '/v1/socket', undefined, {}, 426, 'UPGRADE_REQUIRED'],
  ])('%s', async (_what, method, path, body, headers, status, code) => {
    const answer = await fetch(scene.server.url + path, { method, headers, ...(body !== undefined && { body }) });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status, code, retryable: false });
    expect(answer.status).toBe(status);
  });

  it('a batch over the limit, before it was sent', async () => {
    const head = `POST /v1/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${LIMITS.batchBytesMax + 1}`;
    expect(await exchange(scene.server.port, `${head}\r\n\r\n[`)).toMatch(/^HTTP\/1\.1 413 .*"code":"BATCH_TOO_LARGE"/s);
  });

  it('what is no HTTP at all', async () => {
    expect(await exchange(scene.server.port, 'HELO mail.example\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"REQUEST_INVALID"/s);
  });

  it('headers beyond what Node takes', async () => {
    const request = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`;
    expect(await exchange(scene.server.port, request)).toMatch(/^HTTP\/1\.1 431 .*"code":"HEADERS_TOO_LARGE"/s);
  });

  it('headers that never end', async () => {
    expect(await exchange(scene.server.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')).toMatch(
      /^HTTP\/1\.1 408 .*"code":"REQUEST_TIMEOUT"/s,
    );
  }, 60_000);

  it('a request from a name that is not this machine', async () => {
    const answer = await exchange(scene.server.port, 'GET /v1/mailboxes/a HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 403 .*"code":"HOST_REFUSED"/s);
  });

  it('a client that goes away in the middle of a page', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = await silentConnection(scene.server.port);
      socket.write('GET /v1/mailboxes/witness/*?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      socket.resetAndDestroy();
    }
    expect((await fetch(`${scene.server.url}/v1/mailboxes/a`)).status).toBe(200);
  });
});

describe('over a WebSocket', () => {
  const send = (frame: unknown) => (socket: { send: (text: string) => void }) => socket.send(JSON.stringify(frame));
  const isError = (frame: Record<string, unknown>): boolean => frame['type'] === 'error';

  it.each([
    ['an unknown field', { type: 'subscribe', ref: 'r', mailbox: '/a', depth: 1 }, 'FRAME_INVALID'],
    ['an unknown type', { type: 'dance', ref: 'r' }, 'FRAME_INVALID'],
    ['no mailbox', { type: 'subscribe', ref: 'r' }, 'FRAME_INVALID'],
    ['a broken pattern', { type: 'subscribe', ref: 'r', mailbox: 'a' }, 'PATTERN_INVALID'],
    ['a reserved pattern', { type: 'subscribe', ref: 'r', mailbox: '/service/**' }, 'MAILBOX_RESERVED'],
    ['a damaged cursor', { type: 'subscribe', ref: 'r', mailbox: '/a', after: '_._.1' }, 'CURSOR_INVALID'],
    ['a ref that nobody has', { type: 'unsubscribe', ref: 'r' }, 'REF_UNKNOWN'],
    ['a publish to a broken name', { type: 'publish', ref: 'r', mailbox: '/a b', data: 1 }, 'MAILBOX_INVALID'],
    ['a publish with a bad id', { type: 'publish', ref: 'r', mailbox: '/a', data: 1, id: 'a b' }, 'ID_INVALID'],
  ])('%s', async (_what, frame, code) => {
    const { frames } = await talk(scene.server.url, send(frame), isError);
    expect(frames.at(-1)).toMatchObject({ type: 'error', ref: 'r', code, retryable: false });
  });

  it('a ref too long is not repeated', async () => {
    const { frames } = await talk(
      scene.server.url,
      send({ type: 'subscribe', ref: 'r'.repeat(LIMITS.refBytesMax + 1), mailbox: '/a' }),
      isError,
    );
    expect(frames.at(-1)).toMatchObject({ type: 'error', code: 'FRAME_INVALID' });
    expect(frames.at(-1)).not.toHaveProperty('ref');
  });

  it('the same ref twice', async () => {
    const { frames } = await talk(
      scene.server.url,
      (socket) => {
        send({ type: 'subscribe', ref: 'r', mailbox: '/a' })(socket);
        send({ type: 'subscribe', ref: 'r', mailbox: '/b' })(socket);
      },
      isError,
    );
    expect(frames.at(-1)).toMatchObject({ ref: 'r', code: 'REF_IN_USE' });
  });

  it('too many subscriptions', async () => {
    const { frames } = await talk(
      scene.server.url,
      (socket) => {
        for (let i = 0; i <= LIMITS.subscriptionsMax; i++) send({ type: 'subscribe', ref: `r${i}`, mailbox: `/many/${i}` })(socket);
      },
      isError,
    );
    expect(frames.at(-1)).toMatchObject({ ref: `r${LIMITS.subscriptionsMax}`, code: 'SUBSCRIPTIONS_TOO_MANY' });
  });

  it.each([
    ['what is no JSON', (socket: { send: (data: string | Buffer) => void }) => socket.send('hello'), 4500],
    ['what is no object', (socket: { send: (data: string | Buffer) => void }) => socket.send('[]'), 4500],
    ['a binary frame', (socket: { send: (data: string | Buffer) => void }) => socket.send(Buffer.from('{}')), 1003],
    [
      'a frame over 64 KiB',
      (socket: { send: (data: string | Buffer) => void }) => socket.send('x'.repeat(LIMITS.socketFrameBytesMax + 1)),
      1009,
    ],
  ])('%s closes', async (_what, speak, code) => {
    expect((await talk(scene.server.url, speak)).code).toBe(code);
  });

  it('text that is no UTF-8 closes', async () => {
    const speak = (socket: { send: (data: Buffer, options: { binary: boolean }) => void }): void =>
      socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await talk(scene.server.url, speak)).code).toBe(1007);
  });

  it('a page of another origin', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    const answer = await exchange(
      scene.server.port,
      `GET /v1/socket HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n${upgrade}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 .*"code":"HOST_REFUSED"/s);
  });
});

describe('all the while', () => {
  it('the witnesses noticed nothing', async () => {
    over.abort();
    await publishing;
    const verdict = await scene.finish();
    expect(verdict.published).toBeGreaterThan(100);
    expect(scene.server.stderr).not.toMatch(/"level":(50|60)/);
  });
});
