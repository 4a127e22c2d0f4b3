import type { AppendOutcome, Log } from '@restante/backend';
import { entryBytes, type NewEntry, RestanteError } from '@restante/protocol';

/**
 * Appends to the logs, with a bound on what is under way: a log that is slow must not fill this process with bodies (I7).
 * Reports what the log reports; keeps no order of its own and retries nothing.
 */
export class Appends {
  readonly #logs: ReadonlyMap<string, Log>;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(logs: ReadonlyMap<string, Log>, bytesMax: number) {
    this.#logs = logs;
    this.#bytesMax = bytesMax;
  }

  /** As `Log.append`, in the log with this id. @throws RestanteError `OVERLOADED` */
  async append(log: string, entries: readonly NewEntry[]): Promise<readonly AppendOutcome[]> {
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    if (this.#bytes + bytes > this.#bytesMax) throw new RestanteError('OVERLOADED', 'too many messages are waiting to be stored');
    this.#bytes += bytes;
    try {
      return await logNamed(this.#logs, log).append(entries);
    } finally {
      this.#bytes -= bytes;
    }
  }
}

export function logNamed(logs: ReadonlyMap<string, Log>, name: string): Log {
  const log = logs.get(name);
  if (log === undefined) throw new Error(`the log ${name} was not opened`);
  return log;
}
