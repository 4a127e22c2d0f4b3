import { Edge, type PageAnswer, type PageRequest } from '../src/index.js';
import { readPage, type View } from './model-log.js';
import { read, write } from './next-release.js';
import type { World } from './world.js';

/**
 * An edge of the simulated world: the real `Edge`, with the bus, a copy of the logs that may lag or fail, and a clock around it.
 */
export class EdgeShell {
  readonly edge: Edge;
  readonly id: string;
  readonly #world: World;
  readonly #version: number;
  readonly #frozen = new Map<string, View>();
  #dead = false;
  #lagsUntil = 0;
  #failsUntil = 0;
  attaches = 0;
  readsOfLog = 0;

  constructor(world: World, id: string, version: number) {
    const { agenda, bus, chance, limits, logs, settings } = world;
    this.#world = world;
    this.id = id;
    this.#version = version;
    this.edge = new Edge({
      edge: id,
      version,
      logs: [...logs.keys()],
      ringBytes: settings.ringBytes,
      limits,
      now: () => agenda.now,
      effects: {
        attach: (message) => {
          this.attaches += 1;
          world.tell(`${id} attaches ${message.log} ${message.attempt} [${message.patterns.join(' ')}]`);
          bus.toRouters(id, write(message), 'attach');
        },
        toInstance: (instance, message) => bus.toInstance(id, instance, write(message), message.type),
        readLog: (name, ticket, request) =>
          agenda.in(1 + chance.draw(`${id} read`) * 20, () => {
            if (!this.#dead) this.edge.fromLog(name, ticket, this.#read(name, request));
          }),
        askState: (name) =>
          agenda.in(chance.draw(`${id} asks`) * 10, () => {
            const extent = this.#isFailing ? undefined : world.log(name).view;
            agenda.in(chance.draw(`${id} hears`) * 10, () => {
              if (!this.#dead) this.edge.onState(name, extent);
            });
          }),
        passSoon: (name) =>
          agenda.in(settings.passDelayMs, () => {
            if (!this.#dead) this.edge.pass(name);
          }),
      },
    });
    agenda.every(20, 20 * chance.draw('tick'), () => {
      if (!this.#dead) this.edge.tick();
      return !this.#dead;
    });
    agenda.every(170, 170 * chance.draw('positions'), () => {
      if (!this.#dead) this.edge.positions();
      return !this.#dead;
    });
  }

  receive(bytes: Uint8Array): void {
    if (!this.#dead) this.edge.onMessage(read(bytes, this.#version));
  }

  kill(): void {
    this.#dead = true;
  }

  /** Its copy of the logs stands still for a while; routers' and other edges' do not. */
  lag(ms: number): void {
    if (!this.#isLagging) for (const [name, log] of this.#world.logs) this.#frozen.set(name, log.view);
    this.#lagsUntil = this.#world.agenda.now + ms;
  }

  failReads(ms: number): void {
    this.#failsUntil = this.#world.agenda.now + ms;
  }

  get #isLagging(): boolean {
    return this.#world.agenda.now < this.#lagsUntil;
  }

  get #isFailing(): boolean {
    return this.#world.agenda.now < this.#failsUntil;
  }

  #read(name: string, request: PageRequest): PageAnswer | 'failed' {
    this.readsOfLog += 1;
    if (this.#isFailing) return 'failed';
    const { limits } = this.#world;
    const view = (this.#isLagging ? this.#frozen.get(name) : undefined) ?? this.#world.log(name).view;
    return readPage(view, request, { limit: limits.pageEntries, bytes: limits.pageBytes });
  }
}
