import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually, openScene, type Scene, TRANSPORTS } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';

/** No peer can end the process, keep what it does not use, or get another's answer; a witness follows all the while. */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
  for (const transport of TRANSPORTS) scene.follow({ transport, pattern: '/witness/**' });
});
afterAll(async () => {
  await scene.publisher().run({ count: 20, drop: (index) => ({ mailbox: '/witness/a', data: index }) });
  const verdict = await scene.finish();
  await scene.close();
  expect(verdict).toMatchObject({ ok: true });
});

type Frame = Readonly<Record<string, unknown>>;

async function talk(...frames: string[]): Promise<{ readonly socket: WebSocket; readonly received: Frame[] }> {
  const socket = new WebSocket(`${scene.server.url.replace('http', 'ws')}/v1/socket`);
  const received: Frame[] = [];
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as Frame));
  await once(socket, 'open');
  for (const frame of frames) socket.send(frame);
  return { socket, received };
}

/** Sends bytes as they are, and gives back all that comes until the server closes. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(scene.server.url).port), '127.0.0.1').setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return received;
}

it.each(['{"type":{"toString":1}}', `{"type":${'['.repeat(20_000)}${']'.repeat(20_000)}}`])(
  'who sends a type that is no text (%.25s)',
  async (frame) => {
    const { socket, received } = await talk(frame);
    await eventually('an error', () => received.some(({ code }) => code === 'FRAME_INVALID'));
    socket.close();
  },
);

it('who resets the connection while its upgrade is refused', async () => {
  const { port } = new URL(scene.server.url);
  for (let i = 0; i < 200; i += 1) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      'GET /nope HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    socket.resetAndDestroy();
  }
  expect((await fetch(`${scene.server.url}/healthz`)).status).toBe(200);
});

it('who offers another protocol on the side is answered as usual', async () => {
  const request =
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';
  expect(await raw(request)).toMatch(/^HTTP\/1\.1 200 OK/);
});

it('who asks for a stream behind another answer is refused, and the order of answers kept', async () => {
  const both =
    'GET /v1/mailboxes/a?wait=1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/stream?mailbox=/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const statuses = [...(await raw(both)).matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
  expect(statuses).toEqual(['200', '400']);
});

it('who asks for the head of a stream gets no stream', async () => {
  const response = await raw('HEAD /v1/stream?mailbox=/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(response).toMatch(/^HTTP\/1\.1 405 /);
});

it('who takes a ref again at once follows what it asked for last', async () => {
  await scene.publisher('again').run({ count: 2, drop: (index) => ({ mailbox: index === 0 ? '/again/x' : '/again/y', data: index }) });
  const subscribe = (mailbox: string): string => JSON.stringify({ type: 'subscribe', ref: 'a', mailbox, last: 5 });
  const { socket, received } = await talk(subscribe('/again/x'), '{"type":"unsubscribe","ref":"a"}', subscribe('/again/y'));
  await eventually('live', () => received.some(({ type }) => type === 'live'));
  const mailboxes = received.flatMap(({ messages }) => (messages as { mailbox: string }[] | undefined) ?? []).map(({ mailbox }) => mailbox);
  expect(mailboxes).toEqual(['/again/y']);
  socket.close();
});

it('who asks for the last large messages gets as many as it asked for', async () => {
  const large = 'x'.repeat(100_000);
  await scene.publisher('large').run({ count: 20, drop: (index) => ({ mailbox: '/large', data: { index, large } }) });
  const { socket, received } = await talk('{"type":"subscribe","ref":"a","mailbox":"/large","last":15}');
  await eventually('live', () => received.some(({ type }) => type === 'live'));
  const messages = received.flatMap((frame) => (frame['messages'] as { data: { index: number } }[] | undefined) ?? []);
  expect(messages.map(({ data }) => data.index)).toEqual(Array.from({ length: 15 }, (_, i) => i + 5));
  socket.close();
});

it('who is closed with a code hears nothing after it', async () => {
  const { socket, received } = await talk('{"type":"subscribe","ref":"a","mailbox":"/closed"}');
  await eventually('live', () => received.some(({ type }) => type === 'live'));
  const before = received.length;
  socket.send(Buffer.from([1, 2, 3]));
  const publishing = scene.publisher('closed').run({ count: 1, drop: () => ({ mailbox: '/closed', data: 1 }) });
  const [code] = (await once(socket, 'close')) as [number];
  await publishing;
  expect({ code, heard: received.length - before }).toEqual({ code: 1003, heard: 0 });
});
