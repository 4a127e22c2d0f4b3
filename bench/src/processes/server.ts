import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contestant } from '../contestants/contestants.js';
import { CORES, spawnNode, stopChild } from './child.js';

/** A contestant's server process, from its start to its address to its end, with a folder of its own for what it stores. */

const START_MS_MAX = 30_000;

/** What a server says is kept for the message of a fault, and no more than this. */
const OUTPUT_CHARS_MAX = 64 * 1_024;

export interface ServerOptions {
  readonly pinned: boolean;
  /** For the yardstick, which writes these bytes. */
  readonly templates: readonly Buffer[];
  /** A folder: each server leaves a CPU profile there. */
  readonly profiles?: string | undefined;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export async function startServer(contestant: Contestant, options: ServerOptions): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-bench-'));
  const flags = options.profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', options.profiles];
  const child = spawnNode([...flags, ...contestant.args({ folder, templates: options.templates })], {
    core: options.pinned ? CORES.server : undefined,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await stopChild(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await announcedPort(child, contestant.name);
    return { pid: child.pid as number, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function announcedPort(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string) => reject(new Error(`${name} ${reason}: ${output.slice(0, 2_000)}`));
    const timer = setTimeout(() => fail('named no address in time'), START_MS_MAX);
    const hear = (chunk: Buffer) => {
      if (output.length < OUTPUT_CHARS_MAX) output += chunk.toString();
      const port = /https?:\/\/[^\s:/]+:(\d+)/.exec(output)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code} before it listened`);
    });
  });
}
