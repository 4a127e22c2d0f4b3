import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppendOutcome, Backend, Log } from '@restante/backend';
import { openLmdbBackend } from '@restante/backend/lmdb';
import { type NewEntry, parsePattern } from '@restante/protocol';
import { eventually } from '@restante/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

/*
 * Goal: a full disk refuses publishes and nothing else, and the process never meets it (I1).
 * Method: the folder lies on a small tmpfs, which is filled, made larger, filled again, and emptied by retention; mounting it needs root.
 */

const MIB = 1024 * 1024;
const RESERVE_BYTES = 8 * MIB;
const KEEP_ALL = { idWindowMs: 60_000 };

let folder: string;
let backend: Backend | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restante-full-'));
  mount('size=32m');
});
afterEach(async () => {
  await backend?.close();
  backend = undefined;
  run('umount', folder);
  rmdirSync(folder);
});

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}

function mount(options: string): void {
  try {
    run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  } catch (cause) {
    throw new Error('this test mounts a small tmpfs: run it as root, in a container with the capability SYS_ADMIN', { cause });
  }
}

async function open(policy: { readonly idWindowMs: number; readonly bytes?: number }): Promise<Log> {
  await backend?.close();
  backend = await openLmdbBackend({ folder, reserveBytes: RESERVE_BYTES, retentionIntervalMs: 20 });
  return await backend.openLog('_', policy);
}

let published = 0;
function message(bytes: number): NewEntry {
  published += 1;
  return { mailbox: `/a/${published % 50}`, id: `id-${published}`, kind: 'text', data: Buffer.alloc(bytes, 'x') };
}

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Publishes in calls of several sizes, many under way at once, until they are refused, and then one by one until that is too. */
async function publishUntilFull(log: Log): Promise<number> {
  let stored = 0;
  for (;;) {
    const calls = [1, 200, 2_000, 20_000, 200_000].map((bytes) => log.append([message(bytes), message(bytes)]));
    const outcomes = (await Promise.all(calls)).flat();
    stored += outcomes.filter((outcome) => outcome.ok).length;
    const refused = outcomes.filter((outcome) => !outcome.ok).map((outcome) => outcome.error.code);
    expect(freeBytes()).toBeGreaterThan(RESERVE_BYTES / 4);
    if (refused.length === 0) continue;
    expect(new Set(refused)).toEqual(new Set(['LOG_FULL']));
    break;
  }
  while (isStored(await log.append([message(200_000)]))) stored += 1;
  return stored;
}

async function count(log: Log): Promise<number> {
  let entries = 0;
  let after: 'earliest' | { epoch: string; seq: number } = 'earliest';
  for (;;) {
    const page = await log.read({ patterns: [parsePattern('/**')], after, mode: 'every', limit: 1_000, bytes: MIB });
    entries += page.entries.length;
    if (page.next === page.head) return entries;
    after = { epoch: page.epochs.at(-1)?.epoch ?? '', seq: page.next };
  }
}

function isStored([outcome]: readonly AppendOutcome[]): boolean {
  return outcome?.ok ?? false;
}

it('refuses publishes when the disk is full, reads on, and takes them again when there is more room', async () => {
  const log = await open(KEEP_ALL);
  const stored = await publishUntilFull(log);
  expect(stored).toBeGreaterThan(50);
  for (let i = 0; i < 20; i += 1) expect(isStored(await log.append([message(200_000)]))).toBe(false);
  expect(await count(log)).toBe(stored);
  const newest = await log.read({ patterns: [parsePattern('/a/*')], after: 'earliest', mode: 'latest', limit: 100, bytes: 8 * MIB });
  expect(newest.entries.length).toBe(50);

  mount('remount,size=64m');
  const more = await publishUntilFull(log);
  expect(more).toBeGreaterThan(50);
  expect(await count(log)).toBe(stored + more);
});

it('says that the disk is full where there is no room to open a new folder', async () => {
  mount('remount,size=512k');
  await expect(open(KEEP_ALL)).rejects.toMatchObject({ code: 'LOG_FULL' });
  mount('remount,size=1100k');
  const log = await open(KEEP_ALL);
  expect(isStored(await log.append([message(1)]))).toBe(false);
  expect(await count(log)).toBe(0);
  await backend?.close();
  backend = undefined;
  mount('remount,size=32m');
  expect(isStored(await (await open(KEEP_ALL)).append([message(1)]))).toBe(true);
});

it('takes publishes again when retention made room within the file, and goes on so', async () => {
  const filled = await open(KEEP_ALL);
  await publishUntilFull(filled);
  expect(isStored(await filled.append([message(200_000)]))).toBe(false);

  const log = await open({ ...KEEP_ALL, bytes: 4 * MIB });
  await eventually('a publish is stored', async () => isStored(await log.append([message(20_000)])));
  for (let i = 0; i < 500; i += 1) {
    await eventually('a publish is stored', async () => isStored(await log.append([message(i % 10 === 0 ? 100_000 : 2_000)])));
    expect(freeBytes()).toBeGreaterThan(RESERVE_BYTES / 4);
  }
  const { floor, head } = await log.state();
  expect(head - floor).toBe(await count(log));
});
