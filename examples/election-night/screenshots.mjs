import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { provide } from '../../scripts/provide.mjs';
import { mailboxOf, readFigures } from './figures.mjs';
import { servePages } from './pages.mjs';

/** Takes the pictures of docs/election-night: both pages, on a desk and on a phone, light and dark, at the start, in the middle and at the end. `--full` takes whole pages. */

const { values } = parseArgs({ options: { out: { type: 'string' }, full: { type: 'boolean', default: false } } });
const OUT = values.out ?? fileURLToPath(new URL('../../docs/election-night/', import.meta.url));

const MOMENTS = /** @type {const} */ ([
  { name: 'start', updates: 140, state: 'Florida' },
  { name: 'middle', updates: 3_600, state: 'Pennsylvania' },
  { name: 'end', updates: 9_207, state: 'Georgia' },
]);
/** What is taken of a page: as much as shows the map and one state. */
const DEVICES = {
  desktop: { context: { viewport: { width: 1280, height: 980 } }, clip: { x: 0, y: 0, width: 1280, height: 980 } },
  phone: {
    context: { viewport: { width: 390, height: 1400 }, deviceScaleFactor: 1.5, hasTouch: true, isMobile: true },
    clip: { x: 0, y: 0, width: 390, height: 1400 },
  },
};
const BATCH = 100;
/** The last so many of a moment come one by one, as on the night, so that the delay in the picture is a usual one. */
const PACED = 80;

async function startServer() {
  const folder = await mkdtemp(join(tmpdir(), 'restante-pictures-'));
  const command = fileURLToPath(new URL('../../services/restante/bin/restante.js', import.meta.url));
  const child = spawn(process.execPath, [command, 'start', '--port', '0', '--backend', `lmdb:${folder}/data`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, address] = /^Restante listens on (\S+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  return { url: /** @type {string} */ (url), stop };
}

/** At a pace, one by one, or as fast as it goes. @param {string} url @param {import('./figures.mjs').Update[]} updates @param {number} pauseMs */
async function publish(url, updates, pauseMs) {
  const batch = pauseMs === 0 ? BATCH : 1;
  for (let start = 0; start < updates.length; start += batch) {
    const items = updates.slice(start, start + batch).map((data) => ({ mailbox: mailboxOf(data.state), id: data.time, data }));
    await fetch(`${url}/v1/publish`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(items) });
    await delay(pauseMs);
  }
}

/** @param {keyof typeof DEVICES} device @param {'light' | 'dark'} colorScheme @param {import('playwright-core').Browser} browser */
async function takePictures(device, colorScheme, browser) {
  const server = await startServer();
  const pages = await servePages({ port: 0, server: server.url });
  const { context: options, clip } = DEVICES[device];
  const area = values.full ? { fullPage: true } : { clip };
  const context = await browser.newContext({ ...options, colorScheme, reducedMotion: 'reduce' });
  const night = await context.newPage();
  await night.goto(pages.url);
  const figures = readFigures();
  let told = 0;
  for (const { name, updates, state } of MOMENTS) {
    await publish(server.url, figures.slice(told, updates - PACED), 0);
    await publish(server.url, figures.slice(updates - PACED, updates), 40);
    told = updates;
    await night.locator(`#clock-time[datetime="${figures[updates - 1]?.time}"]`).waitFor();
    await night.getByRole('button', { name: state, exact: true }).click();
    await night.locator(`#chart[aria-label^="${state}"]`).waitFor();
    await night.evaluate('scrollTo(0, 0)');
    await night.screenshot({ path: join(OUT, `${name}-${device}-${colorScheme}.png`), ...area });
    if (name !== 'middle') continue;
    const feed = await context.newPage();
    await feed.goto(`${pages.url}feed.html`);
    await feed.locator('[data-state="live"]').nth(2).waitFor();
    await publish(server.url, figures.slice(told, told + 300), 25);
    told += 300;
    await feed.getByText(`${told}`).first().waitFor({ state: 'attached' });
    await feed.screenshot({ path: join(OUT, `feed-${device}-${colorScheme}.png`), ...area });
    await feed.close();
  }
  await context.close();
  await pages.close();
  await server.stop();
}

await mkdir(OUT, { recursive: true });
const { path } = await provide('chromium');
const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
try {
  for (const device of /** @type {const} */ (['desktop', 'phone'])) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) await takePictures(device, colorScheme, browser);
  }
} finally {
  await browser.close();
}
