import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Backend, Log } from '../packages/backend/src/index.js';
import { openNatsBackend } from '../packages/backend/src/nats/index.js';
import { mailboxSubject } from '../packages/backend/src/nats/subjects.js';
import { LIMITS, Namespaces, parsePattern } from '../packages/protocol/src/index.js';
import { launchNats, type Nats } from '../packages/testkit/src/index.js';

/** What docs/publishing-by-nats.md says is so: its program in JavaScript is run, its table of subjects is the adapter's. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(ROOT, 'docs/publishing-by-nats.md'), 'utf8');

let folder: string;
let nats: Nats;
let backend: Backend;
let log: Log;

beforeAll(async () => {
  // Where the program's imports are found.
  const cache = join(ROOT, 'node_modules/.cache/restante');
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'publishing-'));
  nats = await launchNats();
  const servers = [new URL(nats.url).host];
  backend = await openNatsBackend({ servers, region: 'local', name: 'docs', messageBytesMax: LIMITS.messageBytesMax });
  log = await backend.openLog('_', { idWindowMs: 600_000 });
});

afterAll(async () => {
  await backend.close();
  await nats.stop();
  rmSync(folder, { recursive: true });
});

it('the program in JavaScript publishes once, however often it is run', async () => {
  const [, program = ''] = /```js\n([\s\S]+?)```/.exec(page) ?? [];
  const file = join(folder, 'publish.mjs');
  writeFileSync(file, program);
  const { NATS_USER: _, NATS_PASSWORD: __, ...env } = process.env;
  const publish = (): Promise<{ stdout: string }> => promisify(execFile)(process.execPath, [file], { env: { ...env, NATS_URL: nats.url } });
  expect((await publish()).stdout).toBe('stored as 1\n');
  expect((await publish()).stdout).toBe('was stored before as 1\n');
  const { entries } = await log.read({ patterns: [parsePattern('/**')], after: 'earliest', mode: 'every', limit: 10, bytes: 10_000 });
  expect(entries).toMatchObject([{ mailbox: '/demo/hello', id: 'order-18', kind: 'data', headers: { 'restante-source': 'till-4' } }]);
  expect(Buffer.from(entries[0]?.data ?? []).toString()).toBe('{"text":"Hello"}');
});

it('every subject in the table is that of its mailbox', () => {
  const rows = [...page.matchAll(/^\| `(\/[^`]+)` \| .+ \| `(mailbox[^`]+)` \|$/gm)];
  const namespaces = new Namespaces(['elections', '*']);
  expect(rows.length).toBeGreaterThan(3);
  for (const [, mailbox = '', subject] of rows) expect(mailboxSubject(namespaces.logOf(mailbox), mailbox)).toBe(subject);
});
