import { type ErrorCode, RestanteError } from '@restante/protocol';
import { CommanderError } from 'commander';
import { EXIT, inWords, Unreachable, Usage } from './failure.js';
import { type Io, say } from './io.js';
import { createProgram } from './program.js';

/** Runs one command line to its end. @returns the exit code; whatever went wrong has been said on standard error. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args.length === 0 ? ['help'] : [...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return failed(error, args[0], io);
  }
}

/** What ends a process that was to serve; everything else is a failure. */
const EXIT_OF: Partial<Record<ErrorCode, number>> = {
  CONFIG_INVALID: EXIT.usage,
  BACKEND_REFUSED: EXIT.usage,
  LOG_UNAVAILABLE: EXIT.unreachable,
};

function failed(error: unknown, command: string | undefined, io: Io): number {
  // Help and version end like this too; commander has said all there is to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  // Ctrl-C is how one ends a tail; anything else was not done yet.
  if (io.signal.aborted) return command === 'tail' ? EXIT.ok : EXIT.interrupted;
  say(io, `restante: ${inWords(error)}`);
  if (error instanceof RestanteError) return EXIT_OF[error.code] ?? EXIT.failed;
  if (error instanceof Unreachable) return EXIT.unreachable;
  return error instanceof Usage ? EXIT.usage : EXIT.failed;
}
