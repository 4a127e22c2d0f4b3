import type { Problem } from '@restante/protocol';

/** How a command may end, and what it says then. The codes are part of the command's interface: `restante help` lists them. */

export const EXIT = {
  ok: 0,
  /** Something broke, or the server refused what was asked. */
  failed: 1,
  /** Arguments or configuration are wrong: nothing was tried. */
  usage: 2,
  /** Nobody answers at the address, or what answers stops answering; of a process that serves, the backend that it needs. */
  unreachable: 3,
  /** Ended by Ctrl-C before it was done. */
  interrupted: 130,
} as const;

/** What was asked for makes no sense. */
export class Usage extends Error {}

/** Trying again may help. */
export class Unreachable extends Error {}

/** The server answered, and the answer is no. */
export class Refused extends Error {
  readonly problem: Partial<Problem>;

  constructor(problem: Partial<Problem> & { readonly status: number }) {
    super(
      `${problem.detail ?? problem.title ?? `the server answers with status ${problem.status}`}${problem.code === undefined ? '' : ` (${problem.code})`}`,
    );
    this.problem = problem;
  }
}

/** What went wrong, and what to do about it where whoever typed the command can do something. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is in use already; choose another with --port, or 0 for any`;
  if (code === 'DATA_IN_USE') return `${error.message}; stop it, or choose another folder with --backend`;
  return error.message;
}

export function isRetryable(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && error.problem.retryable === true);
}
