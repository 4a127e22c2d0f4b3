import type { Answer, Request } from './worker.js';

/** The other end of a worker: takes calls until the harness goes, and ends with it. */

/** By the name of the call, what does it. */
export type Handlers<C, R extends Record<keyof C, unknown>> = { readonly [K in keyof C]: (command: C[K]) => Promise<R[K]> | R[K] };

/** @param close before the process ends, so that nothing is cut off noisily */
export function serve<C, R extends Record<keyof C, unknown>>(handlers: Handlers<C, R>, close: () => void = () => undefined): void {
  const answer = (message: Answer): void => void process.send?.(message);
  process.on('message', ({ call, name, command }: Request) => {
    const handle = handlers[name as keyof C] as (command: unknown) => unknown;
    // A fault that is thrown at once is an answer too.
    void Promise.resolve()
      .then(() => handle(command))
      .then(
        (result) => answer({ call, result }),
        (error: Error) => answer({ call, fault: error.message }),
      );
  });
  process.on('disconnect', () => {
    close();
    process.exit(0);
  });
}
