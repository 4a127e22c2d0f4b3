import { createInbox, type Msg } from '@nats-io/transport-node';
import { currentEpoch, type Entry, entryBytes, type Position, resumeAt } from '@restante/protocol';
import { TAIL_BYTES_MAX, TAIL_ENTRIES_MAX, TAIL_HEARTBEAT_MS } from '../local-tail.js';
import type { TailBatch } from '../log.js';
import type { JetStreamApi } from './api.js';
import type { Lineage } from './lineage.js';
import { type Delivered, deliveryOf, headersSaid, isDelivery, storedMessageOf } from './scan.js';
import type { Decode, StoredMessage } from './stored-entry.js';
import { streamName } from './subjects.js';

/**
 * The tail of a stream, by a consumer that is thrown away and made anew whenever it may not be trusted: silent for longer than its heartbeats
 * allow, a message missing in its count, a connection that was lost. Before a new one releases anything, history is checked (L11). The
 * client's own ordered consumer is not used: it stays silent for ever when the server that hosts it is killed.
 */

const SILENT_MS_MAX = 2.5 * TAIL_HEARTBEAT_MS;
/** A little sooner than the timer, which may be early by a part of a millisecond. */
const QUIET_MS = TAIL_HEARTBEAT_MS - 50;
/** Before a consumer is made anew where the last one brought nothing. */
const AGAIN_MS = 250;
/** Of the consumer's messages that wait to be taken; beyond, the flow-control request of the server is left unanswered, and it waits. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
/** The same in messages, which bounds what lies in their headers. */
const WAITING_MAX = 4 * TAIL_ENTRIES_MAX;
/** How old floor and head may be in a batch. */
const EXTENT_MS = 1_000;

export interface TailDeps {
  readonly log: string;
  readonly api: JetStreamApi;
  readonly lineage: Lineage;
  readonly isClosed: () => boolean;
  readonly decode: Decode;
}

export async function* tailStream(deps: TailDeps, after: Position | 'earliest', signal: AbortSignal): AsyncGenerator<TailBatch> {
  const { lineage, isClosed } = deps;
  let position = after;
  const ended = (): boolean => signal.aborted || isClosed();
  lineage.tails += 1;
  try {
    while (!ended()) {
      const consumer = await openConsumer(deps, position, signal);
      if (consumer === undefined) {
        await pause(AGAIN_MS, signal);
        continue;
      }
      try {
        for await (const batch of consumer.batches(signal)) {
          position = { epoch: currentEpoch(batch.epochs), seq: batch.upTo };
          if (ended()) return;
          yield batch;
          if (ended()) return;
        }
      } finally {
        consumer.close();
      }
    }
  } finally {
    lineage.tails -= 1;
  }
}

/** Undefined: not now. */
async function openConsumer(deps: TailDeps, position: Position | 'earliest', signal: AbortSignal): Promise<TailConsumer | undefined> {
  const { api, lineage } = deps;
  let consumer: TailConsumer | undefined;
  try {
    const info = await lineage.check();
    if (signal.aborted) return undefined;
    const extent = lineage.extentOf(info);
    const { start } = resumeAt(extent, position, true);
    consumer = new TailConsumer(deps, start, currentEpoch(extent.epochs));
    await consumer.open();
    return consumer;
  } catch (error) {
    consumer?.close();
    if (!api.connection.isConnected || isPassing(error)) return undefined;
    throw error;
  }
}

function isPassing(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code !== 'LOG_MISMATCH';
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

class TailConsumer {
  readonly #deps: TailDeps;
  readonly #stream: string;
  readonly #inbox = createInbox();
  readonly #offReconnect: () => void;
  readonly #subscription: { unsubscribe(): void };
  /** Of the history that it gives; entries of another one are never named with it. */
  readonly #epoch: string;
  #name: string | undefined;
  #waiting: StoredMessage[] = [];
  #waitingBytes = 0;
  #received = 0;
  #upTo: number;
  /** When floor and head were last looked at. */
  #lookedAt = performance.now();
  #heardAt = performance.now();
  /** It may have left something out, or is gone. */
  #isBroken = false;
  #flowReply: string | undefined;
  #wake: () => void = () => undefined;

  constructor(deps: TailDeps, start: number, epoch: string) {
    this.#deps = deps;
    this.#epoch = epoch;
    this.#stream = streamName(deps.log);
    this.#upTo = start;
    const { connection } = deps.api;
    this.#subscription = connection.nc.subscribe(this.#inbox, { callback: (_, message) => this.#onMessage(message) });
    this.#offReconnect = connection.onReconnect(() => this.#break());
  }

  async open(): Promise<void> {
    const config = {
      deliver_subject: this.#inbox,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: this.#upTo + 1,
      ack_policy: 'none',
      idle_heartbeat: TAIL_HEARTBEAT_MS * 1_000_000,
      flow_control: true,
      mem_storage: true,
      num_replicas: 1,
      max_deliver: 1,
    };
    const { name } = await this.#deps.api.request<{ readonly name: string }>(`CONSUMER.CREATE.${this.#stream}`, {
      stream_name: this.#stream,
      config,
    });
    this.#name = name;
    this.#heardAt = performance.now();
  }

  close(): void {
    const { connection } = this.#deps.api;
    this.#offReconnect();
    this.#subscription.unsubscribe();
    if (this.#name !== undefined && connection.isConnected) connection.nc.publish(`$JS.API.CONSUMER.DELETE.${this.#stream}.${this.#name}`);
  }

  /** Ends when the consumer can no longer be trusted, or history has changed. */
  async *batches(signal: AbortSignal): AsyncGenerator<TailBatch> {
    const { lineage } = this.#deps;
    if (lineage.epoch !== this.#epoch) return;
    // It says where the tail stands, and after a fork where that is.
    yield this.#batch(this.#upTo, []);
    for (let quietSince = performance.now(); !signal.aborted; ) {
      await this.#something(signal);
      try {
        await lineage.settle();
      } catch {
        return;
      }
      if (lineage.epoch !== this.#epoch) return;
      const now = performance.now();
      if (this.#waiting.length > 0) {
        quietSince = now;
        const batch = await this.#take();
        if (batch === undefined || lineage.epoch !== this.#epoch) return;
        yield batch;
      } else if (this.#isBroken || now - this.#heardAt > SILENT_MS_MAX) {
        return;
      } else if (now - quietSince >= QUIET_MS) {
        quietSince = now;
        if (now - this.#lookedAt > EXTENT_MS) await this.#look();
        if (lineage.epoch === this.#epoch) yield this.#batch(this.#upTo, []);
      }
    }
  }

  #batch(from: number, entries: readonly Entry[]): TailBatch {
    const { epochs, extent } = this.#deps.lineage;
    return { epochs, floor: extent.floor, head: Math.max(extent.head, this.#upTo), from, upTo: this.#upTo, entries };
  }

  /** The next batch of what waits; undefined where it cannot be told what a hole in it is. */
  async #take(): Promise<TailBatch | undefined> {
    const { lineage, decode } = this.#deps;
    const entries: Entry[] = [];
    let from = this.#upTo;
    let bytes = 0;
    let taken = 0;
    let hasHole = false;
    for (const message of this.#waiting) {
      const size = message.data.byteLength;
      if (taken > 0 && (taken >= TAIL_ENTRIES_MAX || bytes + size > TAIL_BYTES_MAX)) break;
      if (message.seq > this.#upTo + 1) hasHole = true;
      const entry = decode(message);
      if (entry !== undefined) {
        entries.push(entry);
        bytes += entryBytes(entry);
      }
      lineage.saw(message.seq, message.timeNs);
      this.#upTo = message.seq;
      this.#waitingBytes -= size;
      taken += 1;
    }
    this.#waiting.splice(0, taken);
    this.#answerFlow();
    // What is not there was purged, or retention has overtaken us: the floor tells which.
    const isDue = performance.now() - this.#lookedAt > EXTENT_MS;
    if ((hasHole || isDue) && !(await this.#look()) && hasHole) return undefined;
    const { floor } = lineage.extent;
    if (!hasHole || floor <= from) return this.#batch(from, entries);
    from = Math.min(floor, this.#upTo);
    return this.#batch(
      from,
      entries.filter(({ seq }) => seq > from),
    );
  }

  /** @returns whether floor and head are known. */
  async #look(): Promise<boolean> {
    try {
      await this.#deps.lineage.check();
      this.#lookedAt = performance.now();
      return true;
    } catch {
      this.#break();
      return false;
    }
  }

  #onMessage(message: Msg): void {
    this.#heardAt = performance.now();
    // An entry, whatever its publisher wrote into its headers.
    if (isDelivery(message)) return this.#onEntry(message);
    const headers = headersSaid(message);
    if (headers?.code === 100) {
      const stalled = headers.get('Nats-Consumer-Stalled');
      const reply = message.reply !== undefined && message.reply !== '' ? message.reply : stalled;
      if (reply !== undefined && reply !== '') this.#flowReply = reply;
      this.#answerFlow();
      // A heartbeat counts what was delivered: the last message may be the one that was lost.
      const delivered = headers.get('Nats-Last-Consumer');
      if (delivered !== '' && Number(delivered) !== this.#received) this.#break();
      this.#wake();
      return;
    }
    this.#break();
  }

  #onEntry(message: Delivered): void {
    const at = deliveryOf(message.reply);
    this.#received += 1;
    if (at.consumerSeq !== this.#received) return this.#break();
    const stored = storedMessageOf(message, at);
    this.#waiting.push(stored);
    this.#waitingBytes += stored.data.byteLength;
    this.#wake();
  }

  /** What came before is sound, and is still released. */
  #break(): void {
    this.#isBroken = true;
    this.#subscription.unsubscribe();
    this.#wake();
  }

  #answerFlow(): void {
    if (this.#flowReply === undefined || this.#waitingBytes > WAITING_BYTES_MAX || this.#waiting.length > WAITING_MAX) return;
    this.#deps.api.connection.nc.publish(this.#flowReply);
    this.#flowReply = undefined;
  }

  /** Until there is something to take, or it is time for a sign of life. */
  async #something(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length > 0 || this.#isBroken) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = () => undefined;
        resolve();
      };
      const timer = setTimeout(end, TAIL_HEARTBEAT_MS);
      signal.addEventListener('abort', end);
      this.#wake = end;
    });
  }
}
