import type { Bus } from './bus.js';
import type { Lease } from './lease.js';
import type { Log, LogPolicy } from './log.js';

/** What one adapter brings: it owns its connections, timers and files, and lets go of them in `close`. */
export interface Backend {
  /** The address it was opened with, without secrets: `memory:`, `lmdb:./data`. */
  readonly address: string;
  readonly bus: Bus;
  readonly lease: Lease;
  /** What "stored" survives, in a sentence; `doctor` and the docs say the same. */
  readonly durability: string;
  /**
   * Opens a log, creating it where it was never there. The same log again is the same object.
   * @throws RestanteError `LOG_MISMATCH` where what is recorded of it is not what is there
   */
  openLog(name: string, policy: LogPolicy): Promise<Log>;
  /** Finishes what is under way and closes. Nothing may be called afterwards. */
  close(): Promise<void>;
}
