import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** `npm test` over stages that are stand-ins: what it adds up, where it stops, and what it exits with. */

const SCRIPT = fileURLToPath(new URL('test.mjs', import.meta.url));

/** A stage as vitest leaves it behind. */
const tests = (passed: number, failed: number): string =>
  `echo '{"numPassedTests":${passed},"numFailedTests":${failed}}' > "$RESTANTE_TEST_RESULTS"; exit ${Math.min(failed, 1)}`;

const GREEN = {
  build: 'true',
  provide: 'true',
  check: tests(100, 0),
  'test:e2e': tests(20, 0),
  'test:browser': tests(3, 0),
  'test:chaos': tests(4, 0),
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restante-stages-'));
  mkdirSync(join(folder, 'scripts'));
  cpSync(SCRIPT, join(folder, 'scripts/test.mjs'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(scripts: Readonly<Record<string, string>>, ...args: string[]): { status: number | null; lines: string[] } {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stages', private: true, scripts }));
  // This test may itself be part of a full run.
  const env = { ...process.env, RESTANTE_TEST_FULL: undefined };
  const { status, stdout } = spawnSync(process.execPath, [join(folder, 'scripts/test.mjs'), ...args], { encoding: 'utf8', env });
  return { status, lines: stdout.trimEnd().split('\n') };
}

it('adds up the tests of all stages, a time for each, and ends with the total alone on a line', () => {
  const { status, lines } = run(GREEN);
  expect(lines.at(-1)).toBe('127 passed, 0 failed');
  const times = lines.filter((line) => /\d\.\d s {2}passed$/.test(line)).map((line) => line.split(' ')[0]);
  expect(times).toEqual(Object.keys(GREEN));
  expect(status).toBe(0);
});

it('stops at the first stage that fails and counts what ran', () => {
  const { status, lines } = run({ ...GREEN, 'test:e2e': tests(18, 2), 'test:browser': 'echo never' });
  expect(lines.at(-1)).toBe('118 passed, 2 failed');
  expect(lines).not.toContain('never');
  expect(status).toBe(1);
});

it('counts a stage that fails without a failed test as one failure', () => {
  const { status, lines } = run({ ...GREEN, build: 'exit 2' });
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
  expect(status).toBe(1);
});

it('asks for the long variants with --full only', () => {
  const scripts = { build: 'echo "full: $RESTANTE_TEST_FULL"; exit 1' };
  expect(run(scripts, '--full').lines).toContain('full: 1');
  expect(run(scripts).lines).toContain('full: ');
});
