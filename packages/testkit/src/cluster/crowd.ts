import { HttpSender } from '../clients/http-sender.js';
import type { Drop, Publisher, RunOptions } from '../clients/publisher.js';
import { eventually } from '../launch/eventually.js';
import { type Follower, TRANSPORTS } from '../scene/scene.js';
import type { Cluster } from './cluster.js';
import { Pauses } from './pauses.js';

/**
 * Who is there while something goes wrong: 200 raw readers over every transport, of one mailbox, `*` and `**`, `every` and `latest`, resuming in
 * either way and moved between edges at random; and publishers of each kind, that never stop.
 */

export interface CrowdOptions {
  readonly random: () => number;
  /** Default 200. */
  readonly readers?: number;
  /** Default 20, half of them in either namespace. */
  readonly mailboxes?: number;
}

/** In sixteen, one follows everything and two a namespace's; most follow one mailbox, as most do. */
const PATTERNS = [...Array.from({ length: 13 }, () => 'one'), '/news/*', '/rest/*', '/**'] as const;
/** By publisher, about 120 a second in all. */
const RATES = { gateway: 20, batch: 60, edge: 10, nats: 30 } as const;
const BATCH = 10;
/** A reader is moved so often, one after the other. */
const MOVE_MS = 100;
/** How much every publisher and witness gets done before it counts as going on. */
const GOING_ON = { acknowledged: 3, received: 20 } as const;

export class Crowd {
  readonly followers: readonly Follower[];
  readonly publishers: readonly Publisher[];
  /** How long nothing came, at readers of everything and of acknowledgements. */
  readonly pauses: Pauses;
  readonly #random: () => number;
  readonly #mailboxes: number;
  readonly #counters: readonly { readonly name: string; readonly read: () => number; readonly enough: number }[];
  readonly #stop = new AbortController();
  readonly #publishing: Promise<unknown>;
  readonly #moving: NodeJS.Timeout;
  #sent = 0;

  constructor(cluster: Cluster, { random, readers = 200, mailboxes = 20 }: CrowdOptions) {
    this.#random = random;
    this.#mailboxes = mailboxes;
    const { scene } = cluster;
    this.followers = Array.from({ length: readers }, (_, i) => {
      const kind = PATTERNS[i % PATTERNS.length] ?? 'one';
      const pattern = kind === 'one' ? this.#mailbox(Math.floor(random() * mailboxes)) : kind;
      return scene.follow({
        transport: TRANSPORTS[i % TRANSPORTS.length] ?? 'socket',
        pattern,
        catchUp: random() < 0.7 ? 'every' : 'latest',
        resumeBy: random() < 0.5 ? 'message' : 'position',
        after: random() < 0.5 ? 'earliest' : 'now',
      });
    });
    const nats = cluster.natsPublisher('nats');
    const gateway = scene.publisher('gateway');
    const batch = scene.publisher('batch');
    const edge = scene.publisher('edge', new HttpSender(() => scene.edgeUrl()));
    this.publishers = [nats, gateway, batch, edge];
    this.pauses = new Pauses();
    this.#counters = [
      ...this.publishers.map((publisher) => {
        return { name: `acknowledged to ${publisher.name}`, read: () => publisher.acknowledged, enough: GOING_ON.acknowledged };
      }),
      ...scene.following
        .filter(({ pattern }) => pattern === '/**')
        .map(({ record }) => ({ name: 'received by readers', read: () => record.received, enough: GOING_ON.received })),
    ];
    for (const { name, read } of this.#counters) this.pauses.watch(name, read);
    this.#publishing = Promise.all([
      this.#run(nats, { messagesPerSecond: RATES.nats }),
      this.#run(gateway, { messagesPerSecond: RATES.gateway }),
      this.#run(batch, { messagesPerSecond: RATES.batch, batch: BATCH }),
      this.#run(edge, { messagesPerSecond: RATES.edge }),
    ]);
    this.#moving = setInterval(() => this.#move(), MOVE_MS);
  }

  /** Waits until every publisher's messages are acknowledged, and readers of everything receive, from now on. */
  async goesOn(timeoutMs = 60_000): Promise<void> {
    const goals = this.#counters.map(({ read, enough }) => ({ read, goal: read() + enough }));
    await eventually('every publisher and reader goes on', () => goals.every(({ read, goal }) => read() >= goal), { timeoutMs });
  }

  /** Ends publishing and moving; readers stay. */
  async stop(): Promise<void> {
    clearInterval(this.#moving);
    this.#stop.abort();
    await this.#publishing;
    this.pauses.stop();
  }

  #run(publisher: Publisher, pace: Pick<RunOptions, 'messagesPerSecond' | 'batch'>): Promise<void> {
    return publisher.run({ count: Number.POSITIVE_INFINITY, drop: () => this.#drop(), signal: this.#stop.signal, ...pace });
  }

  #drop(): Drop {
    return { mailbox: this.#mailbox(Math.floor(this.#random() * this.#mailboxes)), data: { n: ++this.#sent } };
  }

  #mailbox(index: number): string {
    return index % 2 === 0 ? `/news/m${index}` : `/rest/m${index}`;
  }

  #move(): void {
    this.followers[Math.floor(this.#random() * this.followers.length)]?.drop();
  }
}
