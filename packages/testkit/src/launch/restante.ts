import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, type Exit } from './child.js';
import { freePort } from './free-port.js';

/** `restante start` as a process of its own, by the path of its command, on a folder of its own; it can be killed and started again in place. */

const COMMAND = fileURLToPath(new URL('../../../../services/restante/bin/restante.js', import.meta.url));
const ADDRESS = /listens on https?:\/\/\S+:(\d+)\s/;

export interface RestanteOptions {
  /** Default 0: any; a restart takes the same again. */
  readonly port?: number;
  /** Default: `lmdb:` in a new folder, which `stop` removes. */
  readonly backend?: string;
  /** The text of its `restante.yaml`; without it, the server is open. */
  readonly config?: string;
  /** More flags for `restante start`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function launchRestante(options: RestanteOptions = {}): Promise<RestanteProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-test-'));
  if (options.config !== undefined) await writeFile(join(folder, 'restante.yaml'), options.config);
  const server = new RestanteProcess(folder, await freePort(), options);
  await server.start(options.port ?? 0);
  return server;
}

export class RestanteProcess {
  /** Removed by `stop`; holds the data unless another backend was named. */
  readonly folder: string;
  readonly adminUrl: string;
  readonly #options: RestanteOptions;
  readonly #adminPort: number;
  #child: Child | undefined;
  #port = 0;
  /** What all its processes wrote to stderr. */
  #stderrBefore = '';

  constructor(folder: string, adminPort: number, options: RestanteOptions) {
    this.folder = folder;
    this.#adminPort = adminPort;
    this.adminUrl = `http://127.0.0.1:${adminPort}`;
    this.#options = options;
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

  /** Starts it, and waits for the address that it prints first. */
  async start(port: number = this.#port): Promise<void> {
    const backend = this.#options.backend ?? `lmdb:${join(this.folder, 'data')}`;
    const flags = ['--port', `${port}`, '--admin-port', `${this.#adminPort}`, '--backend', backend];
    this.#child = new Child({
      command: process.execPath,
      args: [COMMAND, 'start', ...flags, ...(this.#options.args ?? [])],
      cwd: this.folder,
      ...(this.#options.env !== undefined && { env: this.#options.env }),
    });
    const [, printed] = await this.#child.says(ADDRESS);
    this.#port = Number(printed);
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
  }

  continue(): void {
    this.#running.signal('SIGCONT');
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
