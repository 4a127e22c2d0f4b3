import { eventually, openScene, type Scene } from '@restante/testkit';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentConnection } from './raw-exchange.js';

/** Ten thousand long polls for the same page are one wait, and one message answers them all. */

const WAITS = 10_000;
const AT_ONCE = 200;
let scene: Scene;
const sockets: Socket[] = [];
beforeAll(async () => {
  scene = await openScene();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await scene.close();
});

it('are one wait, answered by one message', async () => {
  const { server } = scene;
  const publisher = scene.publisher();
  const [first] = await publisher.publish([{ mailbox: '/crowd', data: 0 }]);
  let answered = 0;
  const join = async (): Promise<void> => {
    const socket = await silentConnection(server.port);
    sockets.push(socket);
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.startsWith('HTTP/1.1 200') && text.includes('"data":"for all"')) {
        answered++;
        socket.destroy();
      }
    });
    socket.resume();
    socket.write(`GET /v1/mailboxes/crowd?after=${first?.cursor}&wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  };
  for (let joined = 0; joined < WAITS; joined += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, join));
  await eventually('all of them wait', async () => (await server.metric('restante_http_waits')) === WAITS, {
    timeoutMs: 30_000,
    intervalMs: 100,
  });
  expect(await server.metric('restante_http_shared_waits')).toBe(1);

  await publisher.publish([{ mailbox: '/crowd', data: 'for all' }]);
  await eventually('all of them answered', () => answered === WAITS, { timeoutMs: 30_000 });
  await eventually('nobody waits', async () => (await server.metric('restante_http_waits')) === 0);
  expect(await server.metric('restante_http_shared_waits')).toBe(0);
});
