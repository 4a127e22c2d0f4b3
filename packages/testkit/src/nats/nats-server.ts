import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Child, type Exit } from '../launch/child.js';
import { eventually } from '../launch/eventually.js';
import { configurationText, type ServerPlace, type ServerSettings } from './configuration.js';
import { readMonitor } from './monitor.js';

/** One nats-server, a process of its own: it can be killed, and started again with the same ports and the same store. */

/** A start takes a tenth of a second; a large store that is to be recovered takes more. */
const START_TIMEOUT_MS = 30_000;

export class NatsServer {
  readonly name: string;
  /** For clients. */
  readonly url: string;
  readonly clientPort: number;
  /** Its monitoring endpoint, e.g. `${monitorUrl}/varz`. */
  readonly monitorUrl: string;
  /** What JetStream stores; to be copied or put back only while the server does not run. */
  readonly storeFolder: string;
  readonly #command: string;
  readonly #folder: string;
  readonly #place: ServerPlace;
  readonly #peers: readonly ServerPlace[];
  #settings: ServerSettings;
  #child: Child | undefined;
  #isPaused = false;
  /** What all its earlier processes logged. */
  #logBefore = '';

  constructor(command: string, folder: string, place: ServerPlace, peers: readonly ServerPlace[], settings: ServerSettings) {
    this.name = place.name;
    this.url = `nats://127.0.0.1:${place.clientPort}`;
    this.clientPort = place.clientPort;
    this.monitorUrl = `http://127.0.0.1:${place.monitorPort}`;
    this.storeFolder = place.storeFolder;
    this.#command = command;
    this.#folder = folder;
    this.#place = place;
    this.#peers = peers;
    this.#settings = settings;
  }

  get pid(): number {
    return this.#running.pid;
  }

  get isRunning(): boolean {
    return this.#child?.isRunning ?? false;
  }

  /** Whether it runs and is not paused. */
  get isAwake(): boolean {
    return this.isRunning && !this.#isPaused;
  }

  get hasJetStream(): boolean {
    return this.#settings.jetStream !== false;
  }

  get log(): string {
    return this.#logBefore + (this.#child?.stderr ?? '');
  }

  /** Starts it and waits until it takes clients; in a cluster, JetStream comes later. @param settings other than before: a new configuration */
  async start(settings: ServerSettings = this.#settings): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    this.#settings = settings;
    this.#logBefore = this.log;
    const file = join(this.#folder, `${this.name}.conf`);
    await writeFile(file, configurationText(this.#place, this.#peers, settings));
    const child = new Child({ command: this.#command, args: ['--config', file], cwd: this.#folder });
    this.#child = child;
    this.#isPaused = false;
    const listens = async (): Promise<boolean> => !child.isRunning || (await accepts(this.clientPort));
    await eventually(`${this.name} takes clients`, listens, { timeoutMs: START_TIMEOUT_MS });
    if (!child.isRunning) throw new Error(`${this.name} ended at its start:\n${child.stdout}${child.stderr}`);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    return this.#running.kill(signal);
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

  /** One page of its monitoring endpoint, e.g. `varz` or `connz?subs=1`. @throws where it does not answer within 2 s */
  monitor(page: string): Promise<unknown> {
    return readMonitor(this.monitorUrl, page);
  }

  get #running(): Child {
    if (this.#child?.isRunning !== true) throw new Error(`${this.name} does not run`);
    return this.#child;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });
}
