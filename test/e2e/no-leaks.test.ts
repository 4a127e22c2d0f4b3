import { eventually, openScene, type RestanteProcess, type Scene } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exchange, talk } from './raw-exchange.js';

/** A thousand clients come and go, politely or not, and leave no connection, reader, interest, wait or handle behind. */

const CLIENTS = 1_000;
const AT_ONCE = 20;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

async function held(server: RestanteProcess): Promise<Record<string, number>> {
  const names = [
    'edge_connections',
    'edge_readers',
    'edge_interests',
    'edge_audiences',
    'http_waits',
    'http_shared_waits',
    'router_interests',
  ];
  const counts = await Promise.all(names.map(async (name) => [name, await server.metric(`restante_${name}`)] as const));
  return Object.fromEntries(counts);
}

async function visit(index: number): Promise<void> {
  const { url, port } = scene.server;
  const mailbox = `/visit/${index % 50}`;
  const isLive = (frame: Record<string, unknown>): boolean => frame['type'] === 'live';
  const subscribe = (socket: { send: (text: string) => void }): void =>
    socket.send(JSON.stringify({ type: 'subscribe', ref: 'r', mailbox, after: 'earliest' }));
  if (index % 4 === 0) await talk(url, subscribe, isLive);
  else if (index % 4 === 1) await talk(url, subscribe, ({ type }) => type === 'hello');
  else if (index % 4 === 2) {
    const leaving = new AbortController();
    const stream = await fetch(`${url}/v1/stream?mailbox=${mailbox}`, { signal: leaving.signal });
    await stream.body?.getReader().read();
    leaving.abort();
  } else await exchange(port, `GET /v1/mailboxes${mailbox}?wait=0.01 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
}

async function visits(count: number): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => visit(first + i)));
}

it('leaves nothing behind after a thousand connects and disconnects', async () => {
  const { server } = scene;
  const before = await held(server);
  expect(Object.values(before).every((count) => count === 0)).toBe(true);
  // What is made once, at the first visit, is no leak.
  await visits(100);
  await eventually('nobody there', async () => (await held(server))['edge_connections'] === 0);
  const handles = await eventually('the handles at rest', () => server.metric('restante_nodejs_active_resources_total'));

  await visits(CLIENTS);
  await eventually('everything as before', async () => {
    expect(await held(server)).toEqual(before);
    expect(await server.metric('restante_nodejs_active_resources_total')).toBeLessThanOrEqual(handles + 2);
    return true;
  });
});
