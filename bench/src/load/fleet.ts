import { performance } from 'node:perf_hooks';
import type { LoadCommands, LoadResults } from './commands.js';
import { HttpConnection, postRequest } from './http-connection.js';
import { LatencyHistogram } from './latency-histogram.js';
import { BATCH_PATH, MAILBOX } from './mailbox.js';
import { payloadText, payloadTimeUs } from './payload.js';
import { Reader } from './reader.js';
import { WIRES } from './wires.js';

/**
 * All readers of one server and the one publisher that feeds them. A message lost, doubled or out of order, a connection lost and a
 * refused publish each end the run with a fault: figures of a server that does less work are worth nothing.
 */

/** Handshakes under way at once; more overrun a server's accept queue and measure retransmission. */
const CONNECTING_MAX = 100;

/** Generous: on a busy machine a slow server's 5,000 handshakes take seconds. */
const CONNECT_MS_MAX = 120_000;

export class Fleet {
  readonly #readers: Reader[] = [];
  readonly #latency = new LatencyHistogram();
  readonly #port: number;
  readonly #deliveryMsMax: number;
  /** Opened when the readers are: a server may close a connection that says nothing for long. */
  #publisher: HttpConnection | undefined;
  /** Messages; each goes to every reader once. */
  #published = 0;
  /** Requests; each is acknowledged once. */
  #requests = 0;
  #acknowledged = 0;
  #delivered = 0;
  #otherFrames = 0;
  #measuring = false;
  /** Frames of the first reader since the last tick began. */
  #lastTick: Buffer[] = [];
  /** Called whenever something was delivered or acknowledged that may be the last. */
  #progress: () => void = () => {};
  #fault: (reason: Error) => void = () => {};

  constructor({ port, deliveryMsMax }: Pick<LoadCommands['connect'], 'port' | 'deliveryMsMax'>) {
    this.#port = port;
    this.#deliveryMsMax = deliveryMsMax;
  }

  async connect({ wire, readers }: LoadCommands['connect']): Promise<LoadResults['connect']> {
    let ready = 0;
    const openOne = () => {
      const capture = this.#readers.length === 0 ? { frame: (frame: Buffer) => void this.#lastTick.push(Buffer.from(frame)) } : {};
      const reader = new Reader(this.#port, WIRES[wire], {
        ...capture,
        ready: () => {
          ready++;
          if (this.#readers.length < readers) openOne();
          this.#progress();
        },
        message: (bytes, at) => this.#message(bytes, at),
        other: () => void this.#otherFrames++,
        fault: (reason) => this.#fault(new Error(reason)),
      });
      this.#readers.push(reader);
    };
    await this.#until(
      () => ready === readers,
      () => `${ready} of ${readers} readers became ready`,
      CONNECT_MS_MAX,
      () => {
        for (let i = 0; i < Math.min(CONNECTING_MAX, readers); i++) openOne();
      },
    );
    this.#publisher = new HttpConnection(this.#port, {
      answer: () => {
        this.#acknowledged++;
        this.#progress();
      },
      fault: (reason) => this.#fault(new Error(reason)),
    });
    return {};
  }

  async ticks({ ticks, messagesPerTick }: LoadCommands['ticks']): Promise<LoadResults['ticks']> {
    const startedAt = performance.now();
    const deliveredBefore = this.#delivered;
    const otherBefore = this.#otherFrames;
    for (let tick = 0; tick < ticks; tick++) {
      this.#lastTick = [];
      await this.#until(...this.#allReceived(), this.#deliveryMsMax, () => this.#publish(messagesPerTick, performance.now() * 1_000));
    }
    return {
      delivered: this.#delivered - deliveredBefore,
      elapsedMs: performance.now() - startedAt,
      otherFrames: this.#otherFrames - otherBefore,
      lastTick: Buffer.concat(this.#lastTick).toString('base64'),
    };
  }

  async openLoop({ messages, perSecond }: LoadCommands['openLoop']): Promise<LoadResults['openLoop']> {
    const deliveredBefore = this.#delivered;
    const intervalMs = 1_000 / perSecond;
    const startedAt = performance.now();
    let due = 0;
    this.#latency.clear();
    this.#measuring = true;
    await this.#until(...this.#allReceived(() => due === messages), messages * intervalMs + this.#deliveryMsMax, () => {
      const dueAt = () => startedAt + due * intervalMs;
      const publishDue = () => {
        for (; due < messages && dueAt() <= performance.now(); due++) this.#publish(1, dueAt() * 1_000);
        if (due < messages) setTimeout(publishDue, dueAt() - performance.now());
      };
      publishDue();
    });
    this.#measuring = false;
    return {
      delivered: this.#delivered - deliveredBefore,
      p50Ms: this.#latency.quantileMs(0.5),
      p99Ms: this.#latency.quantileMs(0.99),
      maxMs: this.#latency.quantileMs(1),
    };
  }

  close(): void {
    this.#publisher?.close();
    for (const reader of this.#readers) reader.close();
  }

  #publish(messages: number, timeUs: number): void {
    const batch = Array.from({ length: messages }, () => ({ mailbox: MAILBOX, data: payloadText(this.#published++, timeUs) }));
    this.#requests++;
    this.#publisher?.send(postRequest(this.#port, BATCH_PATH, JSON.stringify(batch)));
  }

  #message(bytes: Buffer, at: number): void {
    this.#delivered++;
    if (this.#measuring) this.#latency.add(performance.now() * 1_000 - payloadTimeUs(bytes, at));
    if (this.#delivered === this.#published * this.#readers.length) this.#progress();
  }

  #allReceived(allPublished: () => boolean = () => true): [condition: () => boolean, state: () => string] {
    return [
      () => allPublished() && this.#acknowledged === this.#requests && this.#delivered === this.#published * this.#readers.length,
      () => {
        const behind = this.#readers.filter((reader) => reader.expected !== this.#published).length;
        return `${behind} of ${this.#readers.length} readers lack messages; ${this.#requests - this.#acknowledged} publishes lack an answer`;
      },
    ];
  }

  /** Starts something and waits until the condition holds; asks again at every progress. Rejects at the first fault. */
  #until(condition: () => boolean, state: () => string, msMax: number, start: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        clearTimeout(timer);
        this.#progress = () => {};
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => end(new Error(`after ${msMax} ms ${state()}`)), msMax);
      this.#fault = end;
      this.#progress = () => {
        if (condition()) end();
      };
      start();
    });
  }
}
