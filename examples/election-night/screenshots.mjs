import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
const BATCH = 20;

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

/** @param {string} url @param {import('./figures.mjs').Update[]} updates */
async function publish(url, updates) {
  for (let start = 0; start < updates.length; start += BATCH) {
    const items = updates.slice(start, start + BATCH).map((data) => ({ mailbox: mailboxOf(data.state), id: data.time, data }));
    await fetch(`${url}/v1/publish`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(items) });
  }
}

await mkdir(OUT, { recursive: true });
const server = await startServer();
const pages = await servePages({ port: 0, server: server.url });
const { path } = await provide('chromium');
const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
try {
  const opened = [];
  for (const [device, options] of Object.entries(DEVICES)) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      const context = await browser.newContext({ ...options.context, colorScheme, reducedMotion: 'reduce' });
      const night = await context.newPage();
      const feed = await context.newPage();
      await night.goto(pages.url);
      await feed.goto(`${pages.url}feed.html`);
      opened.push({ device, colorScheme, area: values.full ? { fullPage: true } : { clip: options.clip }, night, feed });
    }
  }
  const figures = readFigures();
  let told = 0;
  for (const { name, updates, state } of MOMENTS) {
    await publish(server.url, figures.slice(told, updates));
    told = updates;
    const newest = figures[updates - 1];
    for (const { device, colorScheme, area, night, feed } of opened) {
      await night.bringToFront();
      await night.locator('#clock-utc', { hasText: newest?.time.slice(11, 19) ?? '' }).waitFor();
      await night.getByRole('button', { name: state, exact: true }).click();
      await night.locator(`#chart[aria-label^="${state}"]`).waitFor();
      await night.evaluate('scrollTo(0, 0)');
      await night.screenshot({ path: join(OUT, `${name}-${device}-${colorScheme}.png`), ...area });
      if (name === 'middle') {
        await feed.bringToFront();
        await feed.screenshot({ path: join(OUT, `feed-${device}-${colorScheme}.png`), ...area });
      }
    }
  }
} finally {
  await browser.close();
  await pages.close();
  await server.stop();
}
