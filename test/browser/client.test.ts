import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from '@restante/client';
import { eventually, judge, openScene, readFinalLogs, type Scene } from '@restante/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { servePages } from '../../examples/election-night/pages.mjs';
import { provide } from '../../scripts/provide.mjs';
import { type BlockingProxy, startBlockingProxy } from './blocking-proxy.js';

/** The SDK in a real browser, with its own WebSocket and fetch: killed servers, blocked transports, a network that is gone, a tab that sleeps. */

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];

interface Told {
  readonly type: 'message' | 'gap' | 'state';
  readonly message?: Message<{ readonly n: number }>;
  readonly cursor?: string;
  readonly reason?: 'retention' | 'history';
  readonly state?: string;
  readonly transport?: string;
}

let scene: Scene;
let proxy: BlockingProxy;
let pages: Server;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  scene = await openScene();
  proxy = await startBlockingProxy(scene.server.port);
  const built = await rolldown({
    input: fileURLToPath(new URL('client-page.ts', import.meta.url)),
    platform: 'browser',
    logLevel: 'silent',
  });
  const { output } = await built.generate({ format: 'esm' });
  const html = `<!doctype html><title>Client</title><script type="module">${output[0].code}</script>`;
  pages = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const { path } = await provide('chromium');
  browser = await chromium.launch({ executablePath: path, args: FLAGS });
  page = await browser.newPage();
  // Pauses before the client connects again stay random, and are a quarter as long: what is tested comes after.
  await page.addInitScript('const { random } = Math; Math.random = () => random() / 4');
});
afterAll(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  await new Promise((resolve) => pages.close(resolve));
  await proxy?.close();
  await scene?.close();
});

const told = (): Promise<Told[]> => page.evaluate('told');
const states = async (): Promise<string[]> =>
  (await told()).flatMap(({ type, state, transport }) => (type === 'state' ? [transport ?? state ?? ''] : []));

it('misses and doubles nothing, and shows what is newest, whatever happens to the page', async () => {
  const { server, recorder } = scene;
  const { port } = pages.address() as AddressInfo;
  const publisher = scene.publisher();
  let published = 0;
  const drop = async (count = 60): Promise<void> => {
    const from = published;
    published += count;
    await publisher.run({ count, batch: 10, drop: (i) => ({ mailbox: `/page/${i % 4}`, data: { n: from + i } }) });
  };
  const received = (): Promise<true> =>
    eventually('the page has everything', async () => (await told()).filter(({ type }) => type === 'message').length >= published, {
      timeoutMs: 20_000,
    });

  await drop();
  await page.goto(`http://127.0.0.1:${port}/?server=${proxy.url}`);
  await received();
  expect(await states()).toEqual(['websocket']);

  await server.kill('SIGKILL');
  const storedLater = page.evaluate("publish('/other', 1, 'only-once')");
  await server.start();
  await drop();
  await expect(storedLater).resolves.toMatchObject({ cursor: expect.any(String) });
  await received();

  await page.context().setOffline(true);
  await drop();
  await page.context().setOffline(false);
  await received();

  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await drop();
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await received();

  proxy.block('/v1/socket');
  await drop();
  await received();
  proxy.block('/v1/socket', '/v1/stream');
  await drop();
  await received();
  const seen = await eventually('long polls', async () => {
    const all = await states();
    return all.at(-1) === 'long-poll' && all;
  });
  expect(seen).toContain('sse');
  await drop();
  await received();

  const record = recorder.reader('page', ['/page/*'], 'every');
  record.connected('earliest');
  for (const { type, message, cursor, reason } of await told()) {
    if (message !== undefined) record.message(message);
    else if (type === 'gap' && reason !== undefined) record.gap(cursor, reason);
  }
  record.end();
  const finals = await readFinalLogs(server.url, '/page/*');
  expect(judge(recorder.events, finals)).toMatchObject({ ok: true, published });
  const newest = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`/page/${i}`, published - 4 + i]));
  expect(await page.evaluate('shown()')).toEqual(newest);
});

it('shows the newest of every mailbox in the page of the README, as it stands there, and goes on after the server was killed', async () => {
  const { server } = scene;
  const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const html = /```html\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(html).toContain('http://localhost:8080');
  const own = await mkdtemp(join(tmpdir(), 'restante-page-'));
  await writeFile(join(own, 'newest.html'), html.replace('http://localhost:8080', server.url));
  const served = await servePages({ port: 0, server: server.url, own });
  const shown = await browser.newPage();
  const publisher = scene.publisher();
  const drop = (votes: number) => publisher.publish([{ mailbox: '/elections/ohio', data: { votes } }]);
  try {
    await drop(1);
    await drop(2);
    await shown.goto(`${served.url}newest.html`);
    await expect.poll(() => shown.textContent('#newest')).toBe('/elections/ohio {"votes":2}');
    expect(await shown.textContent('#state')).toBe('open');
    await server.kill('SIGKILL');
    await expect.poll(() => shown.textContent('#state')).not.toBe('open');
    await server.start();
    await drop(3);
    await expect.poll(() => shown.textContent('#newest'), { timeout: 20_000 }).toBe('/elections/ohio {"votes":3}');
    expect(await shown.textContent('#state')).toBe('open');
  } finally {
    await shown.close();
    await served.close();
    await rm(own, { recursive: true, force: true });
  }
});
