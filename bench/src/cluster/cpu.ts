import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTime } from '../processes/accounting.js';

/**
 * What a piece of work costs a process of a cluster. Such a process is never quite idle (beats, heartbeats, renewals), so what it uses
 * anyway is measured before and taken off.
 */

export interface Cost {
  /** User and system, of all threads. */
  readonly busyMs: number;
  readonly userShare: number;
}

const IDLE_MS = 1_500;
/** What is delivered last is not all that is done last. */
const SETTLE_MS = 300;

/** The scheduler's own count, in nanoseconds; the usual one counts in hundredths of a second. */
function busyMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]));
  return nanoseconds.reduce((sum, ns) => sum + ns, 0) / 1e6;
}

interface Reading {
  readonly atMs: number;
  readonly busyMs: readonly number[];
}

function read(pids: readonly number[]): Reading {
  return { atMs: performance.now(), busyMs: pids.map(busyMs) };
}

/** By process, per millisecond. */
export async function idleShares(pids: readonly number[]): Promise<number[]> {
  const before = read(pids);
  await sleep(IDLE_MS);
  const after = read(pids);
  return pids.map((_, i) => ((after.busyMs[i] ?? 0) - (before.busyMs[i] ?? 0)) / (after.atMs - before.atMs));
}

/** @param idle from `idleShares` of the same processes */
export async function costOf<T>(
  pids: readonly number[],
  idle: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly costs: readonly Cost[] }> {
  const before = read(pids);
  const timesBefore = pids.map(cpuTime);
  const result = await work();
  await sleep(SETTLE_MS);
  const after = read(pids);
  const elapsedMs = after.atMs - before.atMs;
  const costs = pids.map((pid, i): Cost => {
    const time = cpuTime(pid);
    const userMs = time.userMs - (timesBefore[i]?.userMs ?? 0);
    const systemMs = time.systemMs - (timesBefore[i]?.systemMs ?? 0);
    const all = (after.busyMs[i] ?? 0) - (before.busyMs[i] ?? 0);
    return { busyMs: Math.max(0, all - (idle[i] ?? 0) * elapsedMs), userShare: userMs / Math.max(1, userMs + systemMs) };
  });
  return { result, costs };
}
