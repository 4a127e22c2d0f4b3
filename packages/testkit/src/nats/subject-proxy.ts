import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Nats } from './launch-nats.js';
import { NatsFrames } from './nats-frames.js';

/**
 * One client's own way to each NATS server, through a proxy that reads the protocol: messages on some subjects are lost, doubled or delayed, both
 * ways, and so reordered; all else passes as it came. Without TLS. Invariant: I5, of whoever is behind it.
 */

export interface SubjectFaults {
  /** Which messages; the rest is not touched. */
  readonly concerns: (subject: string) => boolean;
  /** Chances in [0, 1] of each message; what is lost is neither doubled nor delayed. */
  readonly lost?: number;
  readonly doubled?: number;
  readonly delayed?: number;
  /** The longest delay; one that is drawn is anywhere below. */
  readonly delayMsMax?: number;
  /** Default `Math.random`. */
  readonly random?: () => number;
}

/** What became of messages that faults concerned. */
export interface SubjectCounts {
  passed: number;
  lost: number;
  doubled: number;
  delayed: number;
}

/** What edges and routers of any region say to each other. */
export function isOfLink(subject: string): boolean {
  return /^restante\.[^.]+\.(?:edge|router|instance)\./.test(subject);
}

/** Messages that wait in all; beyond, one that should be delayed is passed at once. */
const DELAYED_MAX = 10_000;

export async function throughSubjects(nats: Nats): Promise<SubjectProxies> {
  const proxies = new SubjectProxies();
  for (const { clientPort } of nats.servers) await proxies.add(clientPort);
  return proxies;
}

export class SubjectProxies {
  /** Undefined: everything passes. */
  faults: SubjectFaults | undefined;
  readonly counts: SubjectCounts = { passed: 0, lost: 0, doubled: 0, delayed: 0 };
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #delayed = new Set<NodeJS.Timeout>();

  /** For the client, instead of the servers' own. */
  get urls(): readonly string[] {
    return this.#servers.map((server) => `nats://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async add(targetPort: number): Promise<void> {
    const server = createServer({ noDelay: true }, (client) =>
      this.#join(client, connect({ port: targetPort, host: '127.0.0.1', noDelay: true })),
    );
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.#servers.push(server);
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const timer of this.#delayed) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const frames = new NatsFrames();
      this.#sockets.add(from);
      from.on('data', (chunk) => {
        for (const { bytes, subject } of frames.take(chunk)) this.#pass(bytes, subject, to);
        if (to.writableNeedDrain) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('error', () => from.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  #pass(bytes: Buffer, subject: string | undefined, to: Socket): void {
    const { faults, counts } = this;
    if (faults === undefined || subject === undefined || !faults.concerns(subject)) return void to.write(bytes);
    const { lost = 0, doubled = 0, random = Math.random } = faults;
    if (random() < lost) {
      counts.lost += 1;
      return;
    }
    counts.passed += 1;
    this.#passLate(bytes, to, faults);
    if (random() >= doubled) return;
    counts.doubled += 1;
    this.#passLate(bytes, to, faults);
  }

  #passLate(bytes: Buffer, to: Socket, { delayed = 0, delayMsMax = 0, random = Math.random }: SubjectFaults): void {
    if (random() >= delayed || this.#delayed.size >= DELAYED_MAX) return void to.write(bytes);
    this.counts.delayed += 1;
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      if (to.writable) to.write(bytes);
    }, random() * delayMsMax);
    this.#delayed.add(timer);
  }
}
