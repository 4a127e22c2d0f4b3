import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, type Exit } from './child.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/**
 * `restante start`, or one part of a cluster, as a process of its own, by the path of its command, on a folder of its own; it can be killed and
 * started again in place.
 */

const COMMAND = fileURLToPath(new URL('../../../../services/restante/bin/restante.js', import.meta.url));
/** A router has no address. */
const STARTED = /^Restante(?: \w+)? (?:listens on https?:\/\/\S+:(\d+)\s|serves )/m;

export type Role = 'start' | 'edge' | 'router' | 'gateway';

export interface RestanteOptions {
  /** The command; default `start`: everything in one process. */
  readonly role?: Role;
  /** Default 0: any; a restart takes the same again. */
  readonly port?: number;
  /** Default: one that is free now. */
  readonly adminPort?: number;
  /** Default: `lmdb:` in a new folder, which `stop` removes. */
  readonly backend?: string;
  /** The text of its `restante.yaml`; without it, the server is open. */
  readonly config?: string;
  /** More flags for the command. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function launchRestante(options: RestanteOptions = {}): Promise<RestanteProcess> {
  const server = await prepareRestante(options);
  await server.start();
  return server;
}

/** All but started. */
export async function prepareRestante(options: RestanteOptions = {}): Promise<RestanteProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-test-'));
  if (options.config !== undefined) await writeFile(join(folder, 'restante.yaml'), options.config);
  return new RestanteProcess(folder, options.adminPort ?? (await freePort()), options);
}

export class RestanteProcess {
  /** Removed by `stop`; holds the data unless another backend was named. */
  readonly folder: string;
  readonly adminUrl: string;
  readonly #options: RestanteOptions;
  readonly #adminPort: number;
  #child: Child | undefined;
  #port: number;
  #isPaused = false;
  /** What all its processes wrote to stderr. */
  #stderrBefore = '';

  constructor(folder: string, adminPort: number, options: RestanteOptions) {
    this.folder = folder;
    this.#adminPort = adminPort;
    this.adminUrl = `http://127.0.0.1:${adminPort}`;
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#running.pid;
  }

  get stderr(): string {
    return this.#stderrBefore + (this.#child?.stderr ?? '');
  }

  /** Whether it runs and is not paused. */
  get isAwake(): boolean {
    return this.#child?.isRunning === true && !this.#isPaused;
  }

  /** Starts it, and waits for what it prints first: its address, if it has one. */
  async start(port: number = this.#port): Promise<void> {
    const backend = this.#options.backend ?? `lmdb:${join(this.folder, 'data')}`;
    const { role = 'start' } = this.#options;
    const flags = ['--port', `${port}`, '--admin-port', `${this.#adminPort}`, '--backend', backend];
    this.#isPaused = false;
    this.#child = new Child({
      command: process.execPath,
      args: [COMMAND, role, ...flags, ...(this.#options.args ?? [])],
      cwd: this.folder,
      ...(this.#options.env !== undefined && { env: this.#options.env }),
    });
    const [, printed] = await this.#child.says(STARTED);
    if (printed !== undefined) this.#port = Number(printed);
  }

  /** Waits until it says that it is ready. */
  async ready(timeoutMs = 20_000): Promise<void> {
    let said = 'nothing';
    const look = async (): Promise<boolean> => {
      const response = await fetch(`${this.adminUrl}/readyz`);
      said = await response.text();
      return response.ok;
    };
    await eventually(`${this.#options.role ?? 'start'} is ready`, look, { timeoutMs }).catch((error: unknown) => {
      throw new Error(`${this.adminUrl} says ${said}\n${this.stderr}`, { cause: error });
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    const child = this.#running;
    const exit = await child.kill(signal);
    this.#stderrBefore += child.stderr;
    this.#child = undefined;
    return exit;
  }

  /** Stops it in its tracks, and lets it go on. */
  pause(): void {
    this.#running.signal('SIGSTOP');
    this.#isPaused = true;
  }

  continue(): void {
    this.#running.signal('SIGCONT');
    this.#isPaused = false;
  }

  /** Ends it, if it still runs, and removes its folder. */
  async stop(): Promise<void> {
    if (this.#child?.isRunning) await this.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One metric from the admin port, summed over its labels. @throws where there is none of that name */
  async metric(name: string): Promise<number> {
    const response = await fetch(`${this.adminUrl}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (lines.length === 0) throw new Error(`${this.adminUrl}/metrics has no ${name}`);
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  get #running(): Child {
    if (this.#child === undefined) throw new Error('the server does not run');
    return this.#child;
  }
}
