/**
 * Provides what the tests need and npm does not carry. For each tool, in this order: the path that an environment variable gives, the binary
 * on PATH, Debian's package where we are root. Where nothing works it fails and says what to install; nothing is ever skipped.
 * No container for Chromium: the tests drive a browser process on this machine.
 * `npm run provide` does it once; a test calls `provide('chromium')` and gets the same answer.
 */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/**
 * @typedef {object} Tool
 * @property {string} what for a person
 * @property {string} variable environment variable that gives the path of the binary
 * @property {readonly string[]} binaries names to look for on PATH, the best first
 * @property {string} debianPackage
 * @property {string} advice what to install where nothing else worked
 */

/** @satisfies {Readonly<Record<string, Tool>>} */
export const TOOLS = {
  chromium: {
    what: 'Chromium, for the tests in test/browser',
    variable: 'RESTANTE_TEST_CHROMIUM',
    binaries: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    debianPackage: 'chromium',
    advice: 'Install Chromium or Chrome (Debian: apt-get install chromium; macOS: brew install --cask chromium).',
  },
};

/** @typedef {keyof typeof TOOLS} ToolName */
/** @typedef {{ path: string, from: string }} Provided */

const run = promisify(execFile);

/**
 * The path of the tool's binary, and where it came from.
 * @param {ToolName} name
 * @param {(line: string) => void} [say] told before anything is installed
 * @returns {Promise<Provided>}
 */
export async function provide(name, say = console.error) {
  /** @type {Tool} */
  const tool = TOOLS[name];
  const given = process.env[tool.variable];
  if (given) return fromVariable(tool, given);
  const found = await onPath(tool);
  if (found) return { path: found, from: 'PATH' };
  if (await installFromDebian(tool, say)) {
    const installed = await onPath(tool);
    if (installed) return { path: installed, from: `Debian's package ${tool.debianPackage}` };
  }
  throw new Error(`${tool.what}: not found on PATH. ${tool.advice} Or set ${tool.variable} to the path of the binary.`);
}

/**
 * @param {Tool} tool
 * @param {string} path
 * @returns {Promise<Provided>}
 */
async function fromVariable(tool, path) {
  if (!(await isExecutable(path))) throw new Error(`${tool.variable} is ${path}, which is no file that can be run`);
  return { path, from: tool.variable };
}

/** @param {Tool} tool */
async function onPath(tool) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const binary of tool.binaries) {
    for (const folder of folders) {
      const path = join(folder, binary);
      if (await isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** @param {string} path */
function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * @param {Tool} tool
 * @param {(line: string) => void} say
 * @returns {Promise<boolean>} was it installed?
 */
async function installFromDebian(tool, say) {
  const root = process.getuid?.() === 0;
  const aptGet = await run('apt-get', ['--version']).catch(() => undefined);
  if (!root || aptGet === undefined) return false;
  say(`${tool.what}: not found, so Debian's package ${tool.debianPackage} is installed with apt-get`);
  // Two runs at once: the second waits for the first one's lock.
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300'];
  return (
    (await runAptGet([...quiet, 'update'])) &&
    (await runAptGet([...quiet, 'install', '--yes', '--no-install-recommends', tool.debianPackage]))
  );
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<boolean>}
 */
function runAptGet(args) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const child = spawn('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0));
  });
}

async function main() {
  for (const name of /** @type {ToolName[]} */ (Object.keys(TOOLS))) {
    const { path, from } = await provide(name);
    console.log(`${name}: ${path} (${from})`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
