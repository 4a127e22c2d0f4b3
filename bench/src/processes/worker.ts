import type { ChildProcess } from 'node:child_process';
import { spawnNode, stopChild } from './child.js';

/** A helper process of the bench that does what it is told over IPC. Calls may overlap: each answer names its call. */

/** Far above what any call needs; each has limits of its own that say more. */
const CALL_MS_MAX = 300_000;

export interface Request {
  readonly call: number;
  readonly name: string;
  readonly command: unknown;
}

export type Answer = { readonly call: number } & ({ readonly result: unknown } | { readonly fault: string });

/** By the name of the call: what it takes (`C`) and what it gives (`R`). */
export interface Worker<C, R extends Record<keyof C, unknown>> {
  readonly pid: number;
  /** @throws the fault that the process answers with, or where it ends */
  run<K extends keyof C & string>(name: K, command: C[K]): Promise<R[K]>;
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly core?: number | undefined;
  /** Flags of node. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
}

export function startWorker<C, R extends Record<keyof C, unknown>>(program: string, options: WorkerOptions = {}): Worker<C, R> {
  const { core, flags = [], args = [] } = options;
  const child = spawnNode([...flags, program, ...args], { core, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const calls = new Calls(child);
  return {
    pid: child.pid as number,
    run: <K extends keyof C & string>(name: K, command: C[K]) => calls.make(name, command) as Promise<R[K]>,
    stop: () => stopChild(child),
  };
}

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

class Calls {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, Call>();
  #last = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Answer) => {
      const call = this.#open.get(answer.call);
      if ('fault' in answer) call?.reject(new Error(answer.fault));
      else call?.resolve(answer.result);
    });
    child.once('exit', () => {
      for (const { reject } of this.#open.values()) reject(new Error('the load process ended'));
    });
  }

  make(name: string, command: unknown): Promise<unknown> {
    this.#last += 1;
    const call = this.#last;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#open.delete(call);
        settle();
      };
      const timer = setTimeout(() => end(() => reject(new Error(`the load did not finish ${name}`))), CALL_MS_MAX);
      this.#open.set(call, { resolve: (result) => end(() => resolve(result)), reject: (error) => end(() => reject(error)) });
      this.#child.send({ call, name, command } satisfies Request);
    });
  }
}
