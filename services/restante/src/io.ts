import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** What a command may touch of the world outside; tests give it their own. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Resolves when there is room for more, so that a slow reader of ours slows us instead of filling our memory (I7). */
export async function print({ stdout, signal }: Io, text: string): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain', { signal });
}

/** For the person who watches; never for a pipe. */
export function say({ stderr }: Io, text: string): void {
  stderr.write(`${text}\n`);
}
