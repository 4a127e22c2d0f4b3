import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { provide, TOOLS } from './provide.mjs';

let folder: string;

function binary(name: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restante-provide-'));
  // Nothing else is on PATH: no browser of this machine, and no apt-get that would fetch one.
  vi.stubEnv('PATH', folder);
  vi.stubEnv(TOOLS.chromium.variable, '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('takes the path of the environment variable before what is on PATH', async () => {
  binary('chromium');
  const own = binary('my-chromium');
  vi.stubEnv(TOOLS.chromium.variable, own);
  expect(await provide('chromium')).toEqual({ path: own, from: TOOLS.chromium.variable });
});

it('refuses a variable that names no program, and does not look elsewhere', async () => {
  binary('chromium');
  vi.stubEnv(TOOLS.chromium.variable, binary('not-executable', 0o644));
  await expect(provide('chromium')).rejects.toThrow(TOOLS.chromium.variable);
});

it('takes the best name that is on PATH', async () => {
  const chrome = binary('google-chrome');
  expect(await provide('chromium')).toEqual({ path: chrome, from: 'PATH' });
  const chromium = binary('chromium');
  expect(await provide('chromium')).toEqual({ path: chromium, from: 'PATH' });
});

it('fails where nothing works, saying what to install and what to set', async () => {
  const said: string[] = [];
  const failure = provide('chromium', (line) => said.push(line));
  await expect(failure).rejects.toThrow(/Install Chromium.*RESTANTE_TEST_CHROMIUM/);
  expect(said).toEqual([]);
});
