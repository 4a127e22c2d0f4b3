import { LatencyHistogram } from '../../load/latency-histogram.js';
import { payloadNumber, payloadTimeUs } from '../../load/payload.js';
import { nowUs } from './clock.js';
import type { GroupSpec, Latency } from './commands.js';
import { Connection, type Subscription } from './connection.js';
import type { Waiting } from './waiting.js';

/**
 * Readers of one kind. A message lost, doubled or out of order is a fault of the run; readers that come back after a loss keep note of what
 * they have instead, since what their publisher was refused is no loss.
 */

const COME_BACK_MS = 20;
const CURSOR = /"cursor":"([^"]+)"/;
/** Of a frame, where its own cursor stands. */
const HEAD_BYTES = 512;

interface Follower {
  readonly mailbox: number;
  /** Number of the message that must come next. */
  next: number;
  cursor: string | undefined;
  port: number;
  readonly numbers: Set<number>;
  /** When it first got a message that was published after `#sinceUs`. */
  gotAtUs: number | undefined;
  connection: Connection | undefined;
}

export class Group {
  readonly #spec: GroupSpec;
  readonly #waiting: Waiting;
  readonly #followers: Follower[] = [];
  readonly #latency = new LatencyHistogram();
  #isMeasuring = false;
  #sinceUs = Number.POSITIVE_INFINITY;
  #missingSince = 0;
  #firstLive = 0;
  #behind = 0;
  #isClosed = false;
  delivered = 0;

  constructor(spec: GroupSpec, waiting: Waiting) {
    this.#spec = spec;
    this.#waiting = waiting;
  }

  /** Opens all connections, spread over the time that is asked for. */
  open(): void {
    const { connections, withinMs = 0 } = this.#spec;
    const startedAt = performance.now();
    const openDue = (): void => {
      const share = withinMs === 0 ? 1 : (performance.now() - startedAt) / withinMs;
      const due = Math.min(connections, Math.ceil(share * connections));
      while (this.#followers.length < due && !this.#isClosed) this.#add(this.#followers.length);
      if (this.#followers.length < connections && !this.#isClosed) setTimeout(openDue, 2);
    };
    openDue();
  }

  get isLive(): boolean {
    return this.#firstLive >= this.#spec.connections * (this.#spec.perConnection ?? 1);
  }

  get state(): string {
    const { group, connections, perConnection = 1 } = this.#spec;
    return `${group}: ${this.#firstLive} of ${connections * perConnection} were live, ${this.delivered} messages came`;
  }

  measure(): void {
    this.#latency.clear();
    this.#behind = 0;
    this.#isMeasuring = true;
  }

  measured(): Latency {
    this.#isMeasuring = false;
    const [p50Ms, p99Ms, p999Ms, maxMs] = [0.5, 0.99, 0.999, 1].map((share) => this.#latency.quantileMs(share)) as [
      number,
      number,
      number,
      number,
    ];
    return { delivered: this.#latency.count, p50Ms, p99Ms, p999Ms, maxMs, behind: this.#behind };
  }

  lookSince(sinceUs: number): void {
    this.#sinceUs = sinceUs;
    this.#missingSince = this.#followers.length;
    for (const follower of this.#followers) follower.gotAtUs = undefined;
  }

  get haveAllSince(): boolean {
    return this.#missingSince === 0;
  }

  get gotSinceMs(): { firstMs: number; lastMs: number } {
    const all = this.#followers.map(({ gotAtUs }) => ((gotAtUs ?? Number.NaN) - this.#sinceUs) / 1_000);
    return { firstMs: Math.min(...all), lastMs: Math.max(...all) };
  }

  /** Of these numbers, by mailbox: does every reader have them? */
  has(acknowledged: readonly ReadonlySet<number>[]): boolean {
    return this.#followers.every(({ mailbox, numbers }) => [...(acknowledged[mailbox] ?? [])].every((number) => numbers.has(number)));
  }

  close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#followers) connection?.close();
  }

  #add(index: number): void {
    const { ports, perConnection = 1, mailboxes, starts } = this.#spec;
    const start = starts?.[index % starts.length];
    const follower: Follower = {
      mailbox: (index * perConnection) % mailboxes,
      next: start?.next ?? 0,
      cursor: start?.cursor,
      port: index % ports.length,
      numbers: new Set(),
      gotAtUs: undefined,
      connection: undefined,
    };
    this.#followers.push(follower);
    this.#connect(follower);
  }

  #connect(follower: Follower): void {
    const { ports, perConnection = 1, mailboxes, prefix, returns = false } = this.#spec;
    const subscriptions = Array.from({ length: perConnection }, (_, nth): Subscription => {
      return { mailbox: `${prefix}/${(follower.mailbox + nth) % mailboxes}`, after: follower.cursor };
    });
    const wasLive = follower.connection !== undefined;
    follower.connection = new Connection(ports[follower.port] as number, subscriptions, {
      live: () => {
        if (wasLive) return;
        this.#firstLive += 1;
        if (this.isLive) this.#waiting.progress();
      },
      behind: () => void this.#behind++,
      ...(returns && {
        frame: (payload: Buffer) => {
          follower.cursor = CURSOR.exec(payload.toString('latin1', 0, HEAD_BYTES))?.[1] ?? follower.cursor;
        },
      }),
      message: (payload, at) => this.#message(follower, payload, at),
      closed: (reason) => {
        if (this.#isClosed) return;
        if (!returns) return this.#waiting.fault(`a reader of ${this.#spec.group} was lost: ${reason}`);
        follower.port = (follower.port + 1) % ports.length;
        setTimeout(() => this.#isClosed || this.#connect(follower), COME_BACK_MS);
      },
      fault: (reason) => this.#waiting.fault(`${this.#spec.group}: ${reason}`),
    });
  }

  #message(follower: Follower, payload: Buffer, at: number): void {
    const { returns = false, perConnection = 1, group } = this.#spec;
    const number = payloadNumber(payload, at);
    if (returns) {
      if (number < follower.next) return this.#waiting.fault(`${group}: a reader got message ${number} after ${follower.next - 1}`);
      follower.numbers.add(number);
      follower.next = number + 1;
    } else if (perConnection === 1) {
      if (number !== follower.next) return this.#waiting.fault(`${group}: a reader expected message ${follower.next} and got ${number}`);
      follower.next += 1;
    }
    this.delivered += 1;
    const publishedUs = payloadTimeUs(payload, at);
    if (this.#isMeasuring) this.#latency.add(nowUs() - publishedUs);
    if (follower.gotAtUs === undefined && publishedUs >= this.#sinceUs) {
      follower.gotAtUs = nowUs();
      this.#missingSince -= 1;
    }
    this.#waiting.soon();
  }
}
