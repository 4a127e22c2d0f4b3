import { type AxeResults, source as axe } from 'axe-core';
import { eventually, openScene, type Scene } from '@restante/testkit';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { servePages } from '../../examples/election-night/pages.mjs';
import { replay } from '../../examples/election-night/replay.mjs';
import { provide } from '../../scripts/provide.mjs';
import { type BlockingProxy, startBlockingProxy } from './blocking-proxy.js';
import { expectTheWholeNight, figures, type Recorded, recordedBy } from './election-page.js';

/**
 * The election night in a real browser, whatever happens to it: it ends with the file's last figures, and every update of every state was
 * received in order, none missing and none doubled (I2, I3), by the client's own record.
 */

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];

let browser: Browser;
beforeAll(async () => {
  const { path } = await provide('chromium');
  browser = await chromium.launch({ executablePath: path, args: FLAGS });
});
afterAll(() => browser?.close());

let scene: Scene;
let proxy: BlockingProxy;
let pages: Awaited<ReturnType<typeof servePages>>;
let context: BrowserContext;
let page: Page;
let feeding: AbortController;
let told = 0;
beforeEach(async () => {
  scene = await openScene();
  proxy = await startBlockingProxy(scene.server.port);
  pages = await servePages({ port: 0, server: proxy.url });
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  feeding = new AbortController();
  told = 0;
});
afterEach(async () => {
  feeding.abort();
  await context.close();
  await pages.close();
  await proxy.close();
  await scene.close();
});

/** The feeder, in this process. Told to stop, it ends without fault; told to go on, it finds where it was in the log. */
async function tell(pace: { minutes?: number; rate?: number }): Promise<void> {
  feeding = new AbortController();
  const { signal } = feeding;
  const reporter = {
    update: ({ done }: { done: number }) => {
      told = done;
    },
    say: () => undefined,
    end: () => undefined,
  };
  await replay({ url: scene.server.url, ...pace, signal, reporter }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function moreTold(count: number): Promise<unknown> {
  const goal = Math.min(told + count, figures.length);
  return eventually(`${goal} updates told`, () => told >= goal, { timeoutMs: 30_000 });
}

function recorded(): Promise<Recorded> {
  return recordedBy(page);
}

/** Waits until the client has come to this, after what it has been through so far. */
async function comesTo(state: string): Promise<void> {
  let states: readonly string[] = [];
  await eventually(
    state,
    async () => {
      ({ states } = await recorded());
      return states.at(-1) === state;
    },
    { timeoutMs: 30_000 },
  ).catch((error: unknown) => {
    throw new Error(`${state} after ${states.join(', ')}`, { cause: error });
  });
}

describe('the election night', () => {
  it('ends with the last figures of all states, after a kill, blocked transports, a sleep and a slow network', async () => {
    const cdp = await context.newCDPSession(page);
    const beginning = tell({ minutes: 0 });
    await moreTold(3_000);
    feeding.abort();
    await beginning;
    const telling = tell({ rate: 120 });
    await page.goto(`${pages.url}?record`);
    await comesTo('open websocket');

    await scene.server.kill('SIGKILL');
    await scene.server.start();
    await comesTo('open websocket');
    await moreTold(200);

    proxy.block('/v1/socket');
    await comesTo('open sse');
    await moreTold(200);
    proxy.block('/v1/socket', '/v1/stream');
    await comesTo('open long-poll');
    await moreTold(200);
    proxy.block();

    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
    await moreTold(500);
    await cdp.send('Page.setWebLifecycleState', { state: 'active' });

    const unlimited = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await cdp.send('Network.emulateNetworkConditions', {
      ...unlimited,
      latency: 200,
      downloadThroughput: 30_000,
      uploadThroughput: 10_000,
    });
    await moreTold(500);
    await cdp.send('Network.emulateNetworkConditions', unlimited);
    expect(told).toBeLessThan(figures.length);
    feeding.abort();
    await telling;
    await tell({ minutes: 0 });

    await expectTheWholeNight(page);
  }, 120_000);

  it('keeps up with 50 updates a second', async () => {
    await page.goto(`${pages.url}?record`);
    await page.locator('#connection[data-state="live"]').waitFor();
    await page.evaluate(`
      globalThis.longTasksMs = [];
      new PerformanceObserver((list) => longTasksMs.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ['longtask'] })`);
    const telling = tell({ rate: 50 });
    await moreTold(300);
    feeding.abort();
    await telling;
    const { delaysMs } = await eventually('all drawn', async () => {
      const record = await recorded();
      return record.delaysMs.length >= told && record;
    });
    // Whoever falls behind is later and later: the last are not later than the first, but for a hiccup of the machine.
    const worst = (part: readonly number[]): number => part.toSorted((a, b) => a - b).at(Math.floor(part.length * 0.9)) ?? 0;
    expect(worst(delaysMs.slice(-100))).toBeLessThan(Math.max(worst(delaysMs.slice(0, 100)) * 3, 250));
    const longTasksMs = await page.evaluate<number[]>('longTasksMs');
    expect(Math.max(0, ...longTasksMs)).toBeLessThan(300);
  });

  it('counts the same over every transport; is operable by keyboard; axe finds nothing serious on either page, in light and in dark', async () => {
    const feed = await context.newPage();
    await feed.goto(`${pages.url}feed.html`);
    const cards = feed.locator('.transport');
    await feed.locator('.transport[data-state="live"]').nth(2).waitFor();
    await tell({ minutes: 0 });
    // Per second, median, p99, messages, gaps, connections.
    const meters = (): Promise<string[][]> =>
      feed.evaluate(
        "[...document.querySelectorAll('.transport')].map((card) => [...card.querySelectorAll('dd')].map((dd) => dd.textContent))",
      );
    await expect
      .poll(async () => (await meters()).map((texts) => texts.slice(3)), { timeout: 20_000 })
      .toEqual(Array.from({ length: await cards.count() }, () => ['9,207', '0', '1']));
    await feed.close();

    for (const [name, ready] of [
      ['', '#connection[data-state="live"]'],
      ['feed.html', '[data-transport="long-poll"][data-state="live"]'],
    ] as const) {
      await page.goto(`${pages.url}${name}`);
      await page.locator(ready).waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate<AxeResults>('axe.run()');
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(
          serious.map(({ id, nodes }) => ({ id, html: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) })),
        ).toEqual([]);
        expect(passes.length).toBeGreaterThan(10);
      }
    }
    await page.goto(pages.url);
    await page.locator('#chart[aria-label^="Pennsylvania"]').waitFor();
    await page.locator('#atlas [tabindex="0"]').focus();
    await page.keyboard.press('ArrowLeft');
    await page.locator('#chart[aria-label^="Ohio"]').waitFor();
    await page.getByRole('button', { name: 'Georgia' }).press('Enter');
    await page.locator('#chart[aria-label^="Georgia"]').waitFor();
    await expect.poll(() => page.textContent('#detail-lead'), { timeout: 10_000 }).toBe('Biden leads by 0.3 points');
  });
});
