import { connect, type TransportName } from '@restante/client';
import { eventually, openScene } from '@restante/testkit';
import { beforeAll, it } from 'vitest';
import { WebSocket } from 'ws';
import { follow, judged, publishNumbers, shortenPauses } from './client-follower.js';

/**
 * The SDK in Node, over each transport, while the server is killed and started again: nothing is missed or doubled, publishes are stored once.
 * Mostly waiting, so each test has a server of its own and they run side by side.
 */

const ROUNDS = 2;
const COUNT = 40;

beforeAll(shortenPauses);

it.concurrent('goes on where it was, and publishes what it had begun to', async ({ expect }) => {
  const scene = await openScene();
  const { server, recorder } = scene;
  const clients = (['websocket', 'sse', 'long-poll'] as const).map((transport: TransportName) =>
    connect(server.url, { webSocket: WebSocket, transports: [transport] }),
  );
  try {
    const followers = clients.flatMap((client, i) => [
      follow(client, recorder, '/kill/**', `${i} all`),
      follow(client, recorder, '/kill/0', `${i} one`),
    ]);
    const views = clients.map((client) => client.view<{ readonly n: number }>('/kill/*'));
    for (let round = 0; round < ROUNDS; round++) {
      const publishing = clients.map((client, i) =>
        publishNumbers(client, recorder, { publisher: `p${i}`, mailbox: `/kill/${i}`, from: round * COUNT, count: COUNT }),
      );
      await eventually('something is stored', () => followers.some(({ seen }) => seen.length > round * 3 * COUNT));
      await server.kill('SIGKILL');
      await server.start();
      await Promise.all(publishing);
    }
    const all = 3 * ROUNDS * COUNT;
    await eventually('everything is seen', () => followers.every(({ seen }, i) => seen.length >= (i % 2 === 0 ? all : all / 3)), {
      timeoutMs: 20_000,
    });
    await eventually('every view shows the last of each', () =>
      views.every((view) => view.size === 3 && [...view.values()].every(({ data }) => data.n === ROUNDS * COUNT - 1)),
    );
    await expect(judged(server.url, recorder, followers)).resolves.toMatchObject({ ok: true, published: all });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await scene.close();
  }
});

it.concurrent('comes back when a server that drained has been started again, and not before it was told to', async ({ expect }) => {
  const scene = await openScene({ args: ['--drain-ms', '500'] });
  const { server } = scene;
  const client = connect(server.url, { webSocket: WebSocket });
  try {
    const states: string[] = [];
    client.on('state', ({ state }) => states.push(state));
    await eventually('connected', () => client.state.state === 'open');
    const left = server.kill('SIGTERM');
    await eventually('sent away', () => client.state.state === 'waiting');
    await left;
    await server.start();
    await eventually('back', () => client.state.state === 'open', { timeoutMs: 20_000 });
    await expect(client.publish('/drained', { n: 1 })).resolves.toMatchObject({ duplicate: false });
    expect(states.slice(0, 3)).toEqual(['open', 'waiting', 'connecting']);
  } finally {
    await client.close();
    await scene.close();
  }
});
