import { RestanteError } from '@restante/protocol';
import type { DiskSpace } from './disk-space.js';

/**
 * The one writer of a folder: whatever is submitted while a commit is under way forms the next group, and each group is one
 * transaction with one flush. Nothing is told to be stored before that flush (I1); what waits is bounded in bytes (I7).
 * A commit that fails leaves us not knowing what is on the disk, so it is fatal: no further one is tried.
 */

/** What a log does in a group. All of a group's works are written in the order of their submission (I2). */
export interface Work {
  readonly writer: LogWriter;
  /** What it holds in memory while it waits. */
  readonly bytes: number;
  /** What it may add to the file, at most. */
  readonly diskBytes: number;
  /** Retention alone frees space, and so may use the reserve. */
  readonly frees: boolean;
  /** It reads what earlier works wrote, so it gets a group of its own. */
  readonly alone: boolean;
  write(): void;
  stored(): void;
  refused(error: RestanteError): void;
}

export interface LogWriter {
  /** Writes, once a group, what all of its works in this log change together. */
  seal(): void;
  /** The group is on the disk: what it wrote may be read from now on. */
  settle(): void;
}

export interface GroupCommitOptions {
  readonly space: DiskSpace;
  /** Runs `write` within one transaction; resolves when that is as durable as promised. */
  readonly commit: (write: () => void) => Promise<unknown>;
  /** Bytes that wait for their commit. At the limit works are refused: `OVERLOADED`. */
  readonly waitingBytesMax: number;
  readonly onFatal: (error: unknown) => void;
}

/** How long a publisher is asked to wait where the queue is full: a few commits later there is room. */
const RETRY_AFTER_MS = 250;

/** About 2,000 small messages: a larger group would be little cheaper, and would hold up the event loop while it is written. */
const GROUP_DISK_BYTES_MAX = 32 * 1024 * 1024;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Work[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #broken: RestanteError | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  submit(work: Work): void {
    if (this.#broken !== undefined) return work.refused(this.#broken);
    if (this.#waiting.length > 0 && this.#waitingBytes + work.bytes > this.#options.waitingBytesMax) {
      return work.refused(new RestanteError('OVERLOADED', 'too much waits for the disk', { retryAfterMs: RETRY_AFTER_MS }));
    }
    this.#waiting.push(work);
    this.#waitingBytes += work.bytes;
    this.#running ??= this.#run();
  }

  /** Resolves when all that was submitted is committed or refused; what comes later is refused. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#broken ??= new RestanteError('LOG_UNAVAILABLE', 'the log is closed');
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All that is submitted in one turn of the event loop shares a flush: a flush costs the same for one as for hundreds.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#take();
      try {
        const refusal = this.#broken ?? this.#options.space.refusal(group);
        if (refusal === undefined) await this.#commit(group);
        else for (const work of group) work.refused(refusal);
      } catch (error) {
        this.#broken = new RestanteError('LOG_UNAVAILABLE', 'a commit failed', { cause: error });
        for (const work of group) work.refused(this.#broken);
        this.#options.onFatal(error);
      }
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Work[]): Promise<void> {
    const writers = new Set(group.map((work) => work.writer));
    await this.#options.commit(() => {
      for (const work of group) work.write();
      for (const writer of writers) writer.seal();
    });
    for (const writer of writers) writer.settle();
    for (const work of group) work.stored();
  }

  /** The next group: what waits, up to its limit and up to a work that is to be alone; at least one. */
  #take(): Work[] {
    let size = 0;
    for (let diskBytes = 0; size < this.#waiting.length; size += 1) {
      const work = this.#waiting[size] as Work;
      if (work.alone) break;
      diskBytes += work.diskBytes;
      if (diskBytes > GROUP_DISK_BYTES_MAX) break;
    }
    const group = this.#waiting.splice(0, Math.max(1, size));
    for (const work of group) this.#waitingBytes -= work.bytes;
    return group;
  }
}
