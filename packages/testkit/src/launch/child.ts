import { type ChildProcess, spawn } from 'node:child_process';

/**
 * A process that a test started: what it said, and its end. Whatever happens to the test, the process does not outlive it.
 * Nothing is ever ended by name, only by the id that was got from starting it.
 */

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is kept of each stream; of longer ones the end, which says why it died. */
const OUTPUT_CHARS_MAX = 256 * 1024;

/** It leads a group of its own, so that what it started ends with it. */
function endWithChildren(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) endWithChildren(child);
});

export class Child {
  readonly #process: ChildProcess;
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';

  constructor({ command, args, env, cwd }: ChildOptions) {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#process = child;
    running.add(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-OUTPUT_CHARS_MAX);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-OUTPUT_CHARS_MAX);
    });
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.stderr += `${error.message}\n`;
        running.delete(child);
        resolve({ code: null, signal: null });
      });
      child.once('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null && running.has(this.#process);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    if (signal === 'SIGKILL') endWithChildren(this.#process);
    else this.#process.kill(signal);
    return this.exited;
  }

  /** Waits until the output on stdout matches. @throws with all that was said, where the process ends first or the time is up */
  async says(pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> {
    const stdout = this.#process.stdout;
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        stdout?.off('data', look);
        settle();
      };
      const fail = (why: string): void =>
        done(() => reject(new Error(`${why} before saying ${pattern}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`)));
      const look = (): void => {
        const said = pattern.exec(this.stdout);
        if (said !== null) done(() => resolve(said));
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      stdout?.on('data', look);
      void this.exited.then(({ code, signal }) => fail(`the process ended (${signal ?? code})`));
      look();
    });
  }
}
