import { firstSegment, type Pattern } from '@restante/protocol';
import { judge, Recorder } from '@restante/testkit';
import { DELIVERY, type DeliveryLimits, WIRE_VERSION } from '../src/index.js';
import { Agenda, Chance } from './agenda.js';
import { Bus, type BusFaults } from './bus.js';
import { Client, type Subscription, type SubscriptionSpec } from './client.js';
import { EdgeShell } from './edge-shell.js';
import { ModelLog } from './model-log.js';
import { NEXT_VERSION } from './next-release.js';
import { Lease, RouterShell } from './router-shell.js';

/**
 * A simulated world around the real code: two logs, two routers, two edges, clients, and a bus of encoded messages, on one clock.
 * `run` follows a schedule, lets the world calm down, and says what contradicts the invariants (I2, I3, I5, I6, I11), or that
 * something never came to rest.
 */

export const MAILBOXES = ['/a/x', '/a/y', '/a/x/deep', '/b/z', '/b/w'];
export const PATTERNS = ['/a/x', '/a/y', '/a/x/deep', '/b/z', '/a/*', '/a/**', '/b/*', '/a/x/*', '/**', '/*'];

export interface Settings {
  readonly seed: number;
  readonly faults: BusFaults;
  readonly limits: Partial<DeliveryLimits>;
  /** Which processes are of the next release, in the order in which they are started: the two routers first, then the two edges. Repeated. */
  readonly newer: readonly boolean[];
  readonly ringBytes: number;
  readonly hotTailBytes: number;
  readonly newestBytes: number;
  /** Frames that a client's socket takes before it is full. */
  readonly highWater: number;
  readonly passDelayMs: number;
  /** Of an edge in the last, calm seconds; attaching anew again and again is no way to live. */
  readonly attachesMax: number;
  readonly faultyMs: number;
  readonly calmMs: number;
}

/** An entry of the model counts some 115 bytes: the windows hold 8 and 12 of them, a page 3. */
export const SETTINGS: Settings = {
  seed: 1,
  faults: { p: 0.1, baseMs: 2, jitterMs: 0 },
  limits: {},
  newer: [false],
  ringBytes: 900,
  hotTailBytes: 1_400,
  newestBytes: 0,
  highWater: 6,
  passDelayMs: 3,
  attachesMax: 6,
  faultyMs: 8_000,
  calmMs: 9_000,
};

const LIMITS: DeliveryLimits = {
  ...DELIVERY,
  commandsPerMessage: 8,
  heldFramesMax: 40,
  frameBytesMax: 400,
  jumpEntries: 60,
  coldReadsMax: 2,
  gridEntries: 4,
  pageCacheBytes: 4_000,
  pageEntries: 3,
  pageBytes: 500,
  pendingBytesMax: 800,
};

export type Step =
  | { readonly do: 'publish'; readonly mailbox: number; readonly burst: number }
  | { readonly do: 'purge'; readonly mailbox: number }
  | { readonly do: 'retain'; readonly log: number; readonly share: number }
  | { readonly do: 'fork'; readonly log: number; readonly lost: number }
  | { readonly do: 'connect'; readonly client: number; readonly edge: number; readonly subscriptions: readonly SubscriptionSpec[] }
  | { readonly do: 'resume'; readonly client: number; readonly edge: number; readonly gapMs: number }
  | { readonly do: 'toggle'; readonly client: number; readonly subscription: number }
  | { readonly do: 'slow'; readonly client: number; readonly ms: number }
  | { readonly do: 'stop'; readonly router: number; readonly ms: number }
  | { readonly do: 'restart-router'; readonly router: number }
  | { readonly do: 'steal-lease'; readonly router: number }
  | { readonly do: 'blind'; readonly router: number; readonly ms: number }
  | { readonly do: 'lag-router'; readonly router: number; readonly ms: number }
  | { readonly do: 'drop-links'; readonly router: number }
  | { readonly do: 'lag-edge'; readonly edge: number; readonly ms: number }
  | { readonly do: 'fail-reads'; readonly edge: number; readonly ms: number }
  | { readonly do: 'restart-edge'; readonly edge: number }
  | { readonly do: 'lose-frames'; readonly ms: number };

export type Scheduled = Step & { readonly at: number };

export class World {
  readonly settings: Settings;
  readonly limits: DeliveryLimits;
  readonly agenda = new Agenda();
  readonly chance: Chance;
  readonly recorder = new Recorder();
  readonly logs = new Map<string, ModelLog>(['a', 'b'].map((name) => [name, new ModelLog(name)]));
  readonly lease = new Lease(() => this.agenda.now);
  readonly bus: Bus;
  readonly routers: RouterShell[] = [];
  readonly edges: EdgeShell[] = [];
  readonly clients = new Map<number, Client>();
  readonly #trace: string[] | undefined;
  readonly #instances = new Map<string, RouterShell>();
  readonly #edgesById = new Map<string, EdgeShell>();
  #made = 0;
  #started = 0;
  #published = 0;
  #attachesBeforeCalm = new Map<string, number>();

  constructor(settings: Settings, trace?: string[]) {
    this.settings = settings;
    this.limits = { ...LIMITS, ...settings.limits };
    this.#trace = trace;
    this.chance = new Chance(settings.seed);
    this.bus = new Bus({
      agenda: this.agenda,
      chance: this.chance,
      faults: settings.faults,
      tell: (line) => this.tell(line),
      ends: {
        toEdge: (edge, bytes) => this.#edgesById.get(edge)?.receive(bytes),
        toInstance: (instance, bytes) => this.#instances.get(instance)?.receive(bytes),
        toRouters: (bytes) => {
          for (const router of this.routers) router.receive(bytes);
        },
      },
    });
    for (const slot of [0, 1]) this.#startRouter(slot);
    for (const slot of [0, 1]) this.#startEdge(slot);
  }

  tell(line: string): void {
    this.#trace?.push(`${String(Math.round(this.agenda.now)).padStart(6)} [${this.recorder.events.length}] ${line}`);
  }

  log(name: string): ModelLog {
    return this.logs.get(name) as ModelLog;
  }

  logsOf(patterns: readonly Pattern[]): ReadonlyMap<string, readonly Pattern[]> {
    const logs = new Map<string, Pattern[]>();
    for (const pattern of patterns) {
      for (const log of pattern.base === '' ? this.logs.keys() : [firstSegment(pattern.base)]) {
        const known = logs.get(log);
        if (known === undefined) logs.set(log, [pattern]);
        else known.push(pattern);
      }
    }
    return logs;
  }

  newRef(name: string): string {
    return `${name}#${(this.#made += 1)}`;
  }

  #nextVersion(): number {
    const { newer } = this.settings;
    const isNewer = newer[this.#started % newer.length];
    this.#started += 1;
    return isNewer === true ? NEXT_VERSION : WIRE_VERSION;
  }

  #startRouter(slot: number): void {
    this.routers[slot]?.kill();
    const router = new RouterShell(this, `R${slot}.${(this.#made += 1)}`, this.#nextVersion());
    this.routers[slot] = router;
    this.#instances.set(router.instance, router);
  }

  #startEdge(slot: number): void {
    const old = this.edges[slot];
    const shell = new EdgeShell(this, `E${slot}.${(this.#made += 1)}`, this.#nextVersion());
    this.edges[slot] = shell;
    this.#edgesById.set(shell.id, shell);
    if (old === undefined) return;
    const clients = [...this.clients.values()].filter((client) => client.isOn(old));
    for (const client of clients) client.disconnect();
    old.kill();
    for (const client of clients) client.connect(shell);
  }

  /** @returns what went wrong, or undefined. */
  run(schedule: readonly Scheduled[]): string | undefined {
    const { faultyMs, calmMs } = this.settings;
    for (const step of schedule) {
      this.agenda.in(step.at, () => {
        this.tell(JSON.stringify(step));
        this.#take(step);
      });
    }
    this.agenda.in(faultyMs, () => {
      this.bus.isFaulty = false;
    });
    this.agenda.in(faultyMs + calmMs / 2, () => this.#noteAttaches());
    this.agenda.runUntil(faultyMs + calmMs);
    return this.#contradiction() ?? this.#unrest();
  }

  #contradiction(): string | undefined {
    for (const { name, isLive } of this.#subscriptions()) if (isLive) this.recorder.record({ type: 'end', reader: name });
    const verdict = judge(
      this.recorder.events,
      [...this.logs.values()].map((log) => log.final()),
    );
    return verdict.ok ? undefined : verdict.text;
  }

  /** Everybody who is subscribed is live, where routers have room for it, and no edge attaches over and over. */
  #unrest(): string | undefined {
    for (const { name, ref, isLive, text } of this.#subscriptions()) {
      if (ref !== undefined && !isLive && this.limits.interestsMax > 50)
        return `${name} is not live in the end, at ${text}; the logs are at ${this.#heads}`;
    }
    for (const { id, attaches } of this.edges) {
      const late = attaches - (this.#attachesBeforeCalm.get(id) ?? 0);
      if (late > this.settings.attachesMax) return `${id} attached ${late} times in the calm`;
    }
    return undefined;
  }

  get #heads(): string {
    return [...this.logs.values()].map(({ name, position: { epoch, seq } }) => `${name}.${epoch}.${seq}`).join(' ');
  }

  *#subscriptions(): Iterable<Subscription> {
    for (const client of this.clients.values()) if (client.isConnected) yield* client.subscriptions;
  }

  #noteAttaches(): void {
    for (const { id, attaches } of this.edges) this.#attachesBeforeCalm.set(id, attaches);
  }

  // ---- steps

  publish(mailbox: string): void {
    const log = this.log(firstSegment(mailbox));
    const id = `m${(this.#published += 1)}`;
    log.append(mailbox, id, Math.floor(this.agenda.now));
    const { position } = log;
    this.tell(`${log.name}.${position.epoch}.${position.seq} ${mailbox}`);
    const attempt = {
      publisher: 'p',
      call: this.#published,
      mailbox,
      id,
      hash: id,
      start: 2 * this.#published,
      end: 2 * this.#published + 1,
    };
    this.recorder.record({ type: 'publish', ...attempt, outcome: 'stored', log: log.name, position });
  }

  purge(mailbox: string): void {
    const log = this.log(firstSegment(mailbox));
    log.purge(mailbox, Math.floor(this.agenda.now));
    this.recorder.record({ type: 'purge', mailbox, outcome: 'stored', log: log.name, position: log.position });
  }

  #take(step: Step): void {
    const { agenda } = this;
    switch (step.do) {
      case 'publish':
        for (let i = 0; i < step.burst; i += 1)
          agenda.in(i * 3, () => this.publish(MAILBOXES[(step.mailbox + i) % MAILBOXES.length] as string));
        break;
      case 'purge':
        this.purge(MAILBOXES[step.mailbox % MAILBOXES.length] as string);
        break;
      case 'retain':
        this.#logAt(step.log).retain(step.share);
        break;
      case 'fork':
        this.#logAt(step.log).fork(step.lost);
        break;
      case 'connect': {
        if (this.clients.has(step.client)) break;
        const client = new Client(this, `C${step.client}`, step.subscriptions);
        this.clients.set(step.client, client);
        client.connect(this.#edgeAt(step.edge));
        break;
      }
      case 'resume': {
        const client = this.clients.get(step.client);
        client?.disconnect();
        agenda.in(step.gapMs, () => {
          if (client?.isConnected === false) client.connect(this.#edgeAt(step.edge));
        });
        break;
      }
      case 'toggle':
        this.clients.get(step.client)?.toggle(step.subscription);
        break;
      case 'slow':
        this.clients.get(step.client)?.slow(step.ms);
        break;
      case 'stop': {
        const router = this.#routerAt(step.router);
        router.stop();
        agenda.in(step.ms, () => router.goOn());
        break;
      }
      case 'restart-router':
        this.#startRouter(step.router % 2);
        break;
      case 'steal-lease':
        this.#routerAt(step.router).steal();
        break;
      case 'blind':
        this.#routerAt(step.router).blind(step.ms);
        break;
      case 'lag-router':
        this.#routerAt(step.router).lag(step.ms);
        break;
      case 'drop-links':
        this.#routerAt(step.router).dropLinks();
        break;
      case 'lag-edge':
        this.#edgeAt(step.edge).lag(step.ms);
        break;
      case 'fail-reads':
        this.#edgeAt(step.edge).failReads(step.ms);
        break;
      case 'restart-edge':
        this.#startEdge(step.edge % 2);
        break;
      case 'lose-frames':
        this.bus.framesLostUntil = agenda.now + step.ms;
        break;
    }
  }

  #logAt(index: number): ModelLog {
    return this.log(index % 2 === 0 ? 'a' : 'b');
  }

  #edgeAt(index: number): EdgeShell {
    return this.edges[index % 2] as EdgeShell;
  }

  #routerAt(index: number): RouterShell {
    return this.routers[index % 2] as RouterShell;
  }
}
