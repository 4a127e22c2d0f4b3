import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GapReason, Message } from '@restante/protocol';
import { eventually, openScene, type Scene } from '@restante/testkit';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { provide } from '../../scripts/provide.mjs';

/** A real browser's own EventSource and WebSocket, without a line of ours between: they come back by themselves and miss nothing (I3). */

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const MESSAGES = 600;

interface Told {
  readonly type: 'connect' | 'message' | 'gap';
  readonly after?: string;
  readonly message?: Message;
  readonly cursor?: string;
  readonly reason?: GapReason;
}

function connections(told: readonly Told[]): number {
  return told.filter(({ type }) => type === 'connect').length;
}

let scene: Scene;
let pages: Server;
let browser: Browser;
beforeAll(async () => {
  const html = await readFile(new URL('follow.html', import.meta.url));
  scene = await openScene();
  pages = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const { path } = await provide('chromium');
  browser = await chromium.launch({ executablePath: path, args: FLAGS });
});
afterAll(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  await new Promise((resolve) => pages.close(resolve));
  await scene?.close();
});

it('follow a mailbox while the server is killed and started again, and miss or double nothing', async () => {
  const { server, recorder } = scene;
  const page = await browser.newPage();
  const { port } = pages.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/?server=${server.url}&mailbox=/browser/room`);
  const told = async (): Promise<Record<'stream' | 'socket', Told[]>> => page.evaluate('told');

  const publisher = scene.publisher();
  const drop = (n: number) => ({ mailbox: '/browser/room', data: { n } });
  for (let part = 0; part < 3; part++) {
    await eventually('both connected (again)', async () => Object.values(await told()).every((events) => connections(events) > part));
    await publisher.run({ count: MESSAGES / 6, drop: (n) => drop((part * MESSAGES) / 3 + n), batch: 10 });
    const publishing = publisher.run({ count: MESSAGES / 6, drop: (n) => drop((part * MESSAGES) / 3 + MESSAGES / 6 + n), batch: 10 });
    if (part < 2) {
      await server.kill('SIGKILL');
      await server.start();
    }
    await publishing;
  }

  const all = await eventually(
    'everything in the browser',
    async () => {
      const seen = await told();
      return Object.values(seen).every((events) => events.length - connections(events) >= MESSAGES) && seen;
    },
    { timeoutMs: 30_000 },
  );
  for (const [name, events] of Object.entries(all)) {
    const record = recorder.reader(name, ['/browser/room'], 'every');
    for (const { type, after, message, cursor, reason } of events) {
      if (type === 'connect') record.connected(after);
      else if (message !== undefined) record.message(message);
      else if (reason !== undefined) record.gap(cursor, reason);
    }
    record.end();
    expect(events.flatMap(({ message }) => (message === undefined ? [] : [(message.data as { n: number }).n]))).toEqual(
      Array.from({ length: MESSAGES }, (_, n) => n),
    );
  }
  await expect(scene.finish()).resolves.toMatchObject({ ok: true, published: MESSAGES, readers: 2 });
});
