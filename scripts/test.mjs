/**
 * `npm test`: everything that proves a change, stage by stage. Stops at the first stage that fails, prints how long each took,
 * and ends with the tests of all stages together: `N passed, N failed`. `--full` runs the long variants too.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAGES = ['build', 'provide', 'check', 'test:e2e', 'test:browser', 'test:chaos'];

/**
 * Runs one npm script, its output shown as it comes.
 * @param {string} script
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<boolean>} did it exit with 0?
 */
function runScript(script, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '--silent', script], { cwd: ROOT, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0));
  });
}

/**
 * How many tests the stage ran, by the file that vitest left; none where the stage has no tests or never came to them.
 * @param {string} file
 * @returns {Promise<{ passed: number, failed: number }>}
 */
async function readResults(file) {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests } = JSON.parse(text);
  return { passed: numPassedTests, failed: numFailedTests };
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'restante-test-'));
  const full = process.argv.includes('--full') ? { RESTANTE_TEST_FULL: '1' } : {};
  const total = { passed: 0, failed: 0 };
  const rows = [];
  let ok = true;
  for (const stage of STAGES) {
    const results = join(folder, `${rows.length}.json`);
    const startedMs = Date.now();
    ok = await runScript(stage, { ...process.env, ...full, RESTANTE_TEST_RESULTS: results });
    const { passed, failed } = await readResults(results);
    total.passed += passed;
    // A stage can fail without a failed test: a type error, a file that does not load. It counts as one.
    total.failed += ok ? failed : Math.max(failed, 1);
    rows.push(`${stage.padEnd(14)} ${((Date.now() - startedMs) / 1_000).toFixed(1).padStart(7)} s  ${ok ? 'passed' : 'FAILED'}`);
    if (!ok) break;
  }
  await rm(folder, { recursive: true });
  console.log(`\n${rows.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = ok ? 0 : 1;
}

await main();
