import { EXIT } from './failure.js';
import { run } from './run.js';

/** The process around a command: signals, pipes that close, the exit code. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const interrupted = new AbortController();
  // A server drains upon a signal, and says so itself.
  if (args[0] !== 'start') onInterrupt(() => interrupted.abort());
  // `restante tail … | head`: whoever read us has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  const { stdin, stdout, stderr, env } = process;
  process.exitCode = await run(args, { stdin, stdout, stderr, env, signal: interrupted.signal });
  // A part of the server that did not close in time must not keep the process.
  if (args[0] === 'start') process.exit();
  // Nor an unread standard input.
  stdin.destroy();
}

function onInterrupt(abort: () => void): void {
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(EXIT.interrupted);
      abort();
    });
  }
}
