import { type Cluster, eventually, openCluster } from '@restante/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { servePages } from '../../examples/election-night/pages.mjs';
import { replay } from '../../examples/election-night/replay.mjs';
import { provide } from '../../scripts/provide.mjs';
import { type Balancer, startBalancer } from './balancer.js';
import { expectTheWholeNight, figures, recordedBy } from './election-page.js';

/** The election night on three edges, two routers and three NATS servers, which are killed one after the other while it is told. */

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];
const RATE = 100;

let browser: Browser;
let cluster: Cluster;
let balancer: Balancer;
let pages: Awaited<ReturnType<typeof servePages>>;
let page: Page;
beforeAll(async () => {
  const { path } = await provide('chromium');
  [browser, cluster] = await Promise.all([chromium.launch({ executablePath: path, args: FLAGS }), openCluster()]);
  balancer = await startBalancer(cluster.edges.map(({ port }) => port));
  pages = await servePages({ port: 0, server: balancer.url });
  page = await browser.newPage();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await pages?.close();
  await balancer?.close();
  await cluster?.close();
});

it('misses no update while every edge, router and NATS server is killed', async () => {
  const feeding = new AbortController();
  let told = 0;
  const reporter = { update: ({ done }: { done: number }) => (told = done), say: () => undefined, end: () => undefined };
  const url = cluster.gateways[0]?.url ?? '';
  const telling = replay({ url, rate: RATE, signal: feeding.signal, reporter }).catch((error: unknown) => {
    if (!feeding.signal.aborted) throw error;
  });
  const goesOn = async (): Promise<void> => {
    const before = (await recordedBy(page)).messages.length;
    const seen = async (): Promise<boolean> => (await recordedBy(page)).messages.length > before + 100;
    await eventually('the page goes on', seen, { timeoutMs: 30_000 });
  };
  await page.goto(`${pages.url}?record`);
  await page.locator('#connection[data-state="live"]').waitFor();
  for (const part of [...cluster.edges, ...cluster.routers]) {
    await part.kill('SIGKILL');
    await goesOn();
    await part.start();
  }
  for (const server of cluster.nats.servers) {
    await server.kill('SIGKILL');
    await goesOn();
    await server.start();
    await cluster.nats.ready();
  }
  expect(told).toBeLessThan(figures.length);
  feeding.abort();
  await telling;
  await replay({ url, minutes: 0, signal: new AbortController().signal, reporter });
  await expectTheWholeNight(page);
}, 180_000);
