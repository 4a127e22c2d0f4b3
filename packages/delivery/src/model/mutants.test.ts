import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { MUTANTS } from '../../testing/mutants.js';

/** Breaks the code on purpose, in every way that `testing/mutants.ts` lists: each must be caught by the test that it names. */

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../testing/mutants.config.ts', import.meta.url));
const SOURCE = fileURLToPath(new URL('../', import.meta.url));
const RUN_MS = 180_000;

let failed: Record<string, readonly string[]> = {};

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'restante-mutants-'));
  const report = join(folder, 'failed.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  // It exits with 1, because tests fail: that is what they are for.
  await new Promise((resolve) => {
    const env = { ...process.env, MUTANTS_REPORT: report };
    execFile(process.execPath, [vitest, 'run', '--config', CONFIG], { cwd: ROOT, env, timeout: RUN_MS }, resolve);
  });
  failed = JSON.parse(readFileSync(report, 'utf8')) as typeof failed;
  rmSync(folder, { recursive: true });
}, RUN_MS);

describe('mutants', () => {
  it.each(MUTANTS)('$name: is in the source, once', ({ file, find, replace }) => {
    expect(readFileSync(SOURCE + file, 'utf8').split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  });

  it.each(MUTANTS)('$name: is caught', ({ name, caughtBy: [, title] }) => {
    expect(failed[name]).toContain(title);
  });

  it('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });
});
