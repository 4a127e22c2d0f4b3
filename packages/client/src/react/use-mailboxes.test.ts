import { createElement, type ReactElement, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { ModelClock } from '../../testing/model-clock.js';
import { ModelNetwork } from '../../testing/model-network.js';
import { ModelServer } from '../../testing/model-server.js';
import { Client } from '../client.js';
import { RestanteContext, useMailboxes } from './index.js';
import { storeOf } from './store.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open() {
  const server = new ModelServer();
  const network = new ModelNetwork(server);
  const client = new Client(['http://one'], { webSocket: network.webSocket, fetch: network.fetch }, new ModelClock(() => 0));
  const calm = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      network.deliver(i);
      await settle();
    }
  };
  return { server, client, calm };
}

function Sizes(): ReactElement {
  const { map, live } = useMailboxes('/a/*');
  return createElement('p', null, `${map.size} ${live}`);
}

it('shows nothing yet where it is rendered on a server, and connects nobody', () => {
  const { client } = open();
  const page = createElement(StrictMode, null, createElement(RestanteContext, { value: client }, createElement(Sizes)));
  expect(renderToString(page)).toBe('<p>0 false</p>');
});

it('says what is missing where there is no client', () => {
  expect(() => renderToString(createElement(Sizes))).toThrow('needs a client');
});

it('shares one view between those who look at the same pattern, until the last of them is gone', async () => {
  const { client, server, calm } = open();
  server.publish('/a/1', { n: 1 }, undefined);
  const store = storeOf(client, '/a/*');
  expect(storeOf(client, '/a/*')).toBe(store);
  let renders = 0;
  const stop = [store.subscribe(() => renders++), store.subscribe(() => renders++)];
  await calm();
  const snapshot = store.getSnapshot();
  expect([snapshot.live, [...snapshot.map.keys()]]).toEqual([true, ['/a/1']]);
  expect(store.getSnapshot()).toBe(snapshot);
  expect(renders).toBeGreaterThan(0);

  server.publish('/a/2', { n: 1 }, undefined);
  await calm();
  expect(store.getSnapshot()).not.toBe(snapshot);
  expect(store.getSnapshot().map.size).toBe(2);

  // Taken out and put in again within one go.
  stop.pop()?.();
  stop.pop()?.();
  const again = store.subscribe(() => undefined);
  await settle();
  expect(store.getSnapshot().live).toBe(true);
  again();
  await settle();
  expect(store.getSnapshot()).toEqual({ map: new Map(), live: false, gap: undefined });
  expect(storeOf(client, '/a/*')).not.toBe(store);
});
