import { performance } from 'node:perf_hooks';

/** One clock for all processes of this machine: microseconds since it was booted. */

const OFFSET_US = Number(process.hrtime.bigint() / 1_000n) - performance.now() * 1_000;

export function nowUs(): number {
  return performance.now() * 1_000 + OFFSET_US;
}
