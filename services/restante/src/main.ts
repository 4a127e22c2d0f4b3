import { EXIT } from './failure.js';
import { run } from './run.js';

/** These drain upon a signal, and say so themselves. */
const SERVERS = ['start', 'edge', 'router', 'gateway'];

/** The process around a command: signals, pipes that close, the exit code. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const interrupted = new AbortController();
  const isServer = SERVERS.includes(args[0] ?? '');
  if (!isServer) onInterrupt(() => interrupted.abort());
  // `restante tail … | head`: whoever read us has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  const { stdin, stdout, stderr, env } = process;
  process.exitCode = await run(args, { stdin, stdout, stderr, env, signal: interrupted.signal });
  // A part of the server that did not close in time must not keep the process.
  if (isServer) process.exit();
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
