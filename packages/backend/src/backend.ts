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
  /**
   * What keeps it from working now, in words that name no secret; undefined while nothing does. It looks at what is known and asks nobody,
   * so that readiness may ask at any time.
   */
  trouble(): string | undefined;
  /**
   * Looks at the servers behind it and at these logs, for `restante doctor`: one finding a fact, and how to mend it where it is bad.
   * Changes nothing, so a log that was never there is not made. Absent where there is nothing to see beyond what `openLog` tells.
   * Never throws: what cannot be found out is a finding.
   * @param logs by name, with the policy that each is configured to have.
   */
  inspect?(logs: ReadonlyMap<string, LogPolicy>): AsyncIterable<Finding>;
  /** Finishes what is under way and closes. Nothing may be called afterwards. */
  close(): Promise<void>;
}

/** One line of `restante doctor`. */
export interface Finding {
  /** `note`: odd, or worth knowing; nothing has to be mended. */
  readonly state: 'ok' | 'note' | 'bad';
  /** What was looked at, in a word or two: `server`, `log elections`. */
  readonly subject: string;
  /** What was found; where it is bad also which setting, and how to mend it. */
  readonly text: string;
}
