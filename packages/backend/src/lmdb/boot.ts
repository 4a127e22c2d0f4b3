import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/**
 * Which boot of the machine this is. Elsewhere than on Linux it is the minute of the boot, by a clock that may have been set since:
 * then two readings of one boot differ, and a log is forked once more than needed, which costs readers a `complete: false` and no more.
 */
export function bootIdentity(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `minute ${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
  }
}
