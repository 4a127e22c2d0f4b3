import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Child processes, each pinned to one core and ended by its own id, also when the harness itself is interrupted. */

/** Server and load on a core of their own, so that neither takes time from the other. */
export const CORES = { server: 0, load: 1 } as const;

const STOP_MS_MAX = 10_000;

const running = new Set<ChildProcess>();

export interface ChildOptions {
  /** Nothing: the scheduler decides; the figures are then no claim. */
  readonly core?: number | undefined;
  readonly stdio: StdioOptions;
}

/** @param args of node: flags, script, the script's arguments */
export function spawnNode(args: readonly string[], { core, stdio }: ChildOptions): ChildProcess {
  const command = core === undefined ? [] : ['taskset', '-c', String(core)];
  const [file, ...rest] = [...command, process.execPath, ...args] as [string, ...string[]];
  // taskset replaces itself by node, so the child's id is the id of what it runs.
  const child = spawn(file, rest, { stdio, env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}

/** For the harness' own end in a hurry. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
