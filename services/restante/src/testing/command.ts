import { PassThrough } from 'node:stream';
import { run } from '../run.js';

/** Runs command lines as a terminal or a pipe would, with everything in memory. */

export interface Command {
  readonly exitCode: Promise<number>;
  readonly stdin: PassThrough;
  /** What was written so far. */
  stdout(): string;
  stderr(): string;
  /** Ctrl-C */
  interrupt(): void;
}

export interface Terminal {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
}

export function command(args: readonly string[], { env = {}, isTTY = false }: Terminal = {}): Command {
  const interrupted = new AbortController();
  const stdin = new PassThrough();
  const [stdout, stdoutText] = collector(isTTY);
  const [stderr, stderrText] = collector(isTTY);
  const exitCode = run(args, { stdin, stdout, stderr, env, signal: interrupted.signal });
  return { exitCode, stdin, stdout: stdoutText, stderr: stderrText, interrupt: () => interrupted.abort() };
}

/** Runs a command to its end, with nothing or this on standard input. */
export async function finished(
  args: readonly string[],
  terminal: Terminal & { readonly input?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  const running = command(args, terminal);
  running.stdin.end(terminal.input ?? '');
  const code = await running.exitCode;
  return { code, out: running.stdout(), err: running.stderr() };
}

function collector(isTTY: boolean): [PassThrough & { isTTY: boolean }, () => string] {
  const stream = Object.assign(new PassThrough(), { isTTY });
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  return [stream, () => text];
}
