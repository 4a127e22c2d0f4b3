import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What the operating system says a process used: all its threads, user and system apart. Linux only. */

export interface CpuTime {
  readonly userMs: number;
  readonly systemMs: number;
}

/** The kernel counts in 1/100 s (USER_HZ), on every architecture that Node supports. */
const MS_PER_TICK = 10;

const IDLE_WINDOW_MS = 200;
/** A heartbeat is not work: so much in a window still counts as idle. */
const IDLE_CPU_MS_MAX = MS_PER_TICK;
const IDLE_WINDOWS_MAX = 100;

export function cpuTime(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command name, in parentheses, may hold blanks; the fields after it are counted from the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userMs: Number(fields[11]) * MS_PER_TICK, systemMs: Number(fields[12]) * MS_PER_TICK };
}

export function cpuSince(pid: number, start: CpuTime): CpuTime {
  const now = cpuTime(pid);
  return { userMs: now.userMs - start.userMs, systemMs: now.systemMs - start.systemMs };
}

export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory: it ended`);
  return Number(kilobytes) * 1_024;
}

/** Resolves when the process has used next to nothing for a while. */
export async function untilIdle(pid: number): Promise<void> {
  for (let window = 0; window < IDLE_WINDOWS_MAX; window++) {
    const start = cpuTime(pid);
    await delay(IDLE_WINDOW_MS);
    const { userMs, systemMs } = cpuSince(pid, start);
    if (userMs + systemMs <= IDLE_CPU_MS_MAX) return;
  }
  throw new Error(`the server was not idle within ${(IDLE_WINDOWS_MAX * IDLE_WINDOW_MS) / 1_000} s`);
}
