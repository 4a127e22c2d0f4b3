import { type Extent, firstSegment, type NewEntry, type Position, resumeAt } from '@restante/protocol';
import type { AppendOutcome, Log, LogPage, LogPolicy, NewestRequest, ReadRequest, TailBatch } from '../log.js';
import { type Acknowledged, Appender, type Sent } from './appender.js';
import type { JetStreamApi } from './api.js';
import type { Lineage } from './lineage.js';
import { StreamReader } from './reader.js';
import { Scanner } from './scan.js';
import { type Decode, DEDUPE_KEY, dedupeKeyOf, entryOf, type StoredMessage, timeMs } from './stored-entry.js';
import { WINDOW_MS_MIN, windowMs } from './stream.js';
import { mailboxSubject, purgedSubject, streamName } from './subjects.js';
import { tailStream } from './tail.js';

/**
 * A log in a JetStream stream: seq and time are JetStream's, one stream is one log. Keeps I1, I2, I3, I8 and I11; how, its parts say:
 * appender (order under retries), reader (pages), tail (resumption), lineage (history).
 */

const ERASED_AT_ONCE = 100_000;

export interface NatsLogOptions {
  readonly name: string;
  readonly policy: LogPolicy;
  readonly api: JetStreamApi;
  readonly lineage: Lineage;
  /** Whether names that begin so belong to another log: here they are forged (I9). */
  readonly isForeign: (segment: string) => boolean;
  /** A larger body, which only a direct publisher can have stored, is passed over. */
  readonly messageBytesMax: number;
}

export class NatsLog implements Log {
  readonly name: string;
  skipped = 0;
  readonly #policy: LogPolicy;
  readonly #messageBytesMax: number;
  readonly #isForeign: (segment: string) => boolean;
  readonly #api: JetStreamApi;
  readonly #lineage: Lineage;
  readonly #scanner: Scanner;
  readonly #reader: StreamReader;
  readonly #appender: Appender;
  readonly #offs: readonly (() => void)[];
  #closed = false;

  constructor({ name, policy, api, lineage, isForeign, messageBytesMax }: NatsLogOptions) {
    this.name = name;
    this.#messageBytesMax = messageBytesMax;
    this.#isForeign = isForeign;
    this.#policy = policy;
    this.#api = api;
    this.#lineage = lineage;
    const { connection } = api;
    this.#scanner = new Scanner(api, streamName(name));
    this.#reader = new StreamReader({ log: name, scanner: this.#scanner, lineage, decode: this.#decode });
    this.#appender = new Appender({
      log: name,
      connection,
      windowMs: windowMs(policy),
      position: () => ({ epoch: lineage.epoch, seq: lineage.seen }),
      fault: () => lineage.fault,
      settle: (sent, acknowledged) => this.#settle(sent, acknowledged),
    });
    this.#offs = [connection.onReconnect(() => lineage.suspect()), () => this.#appender.close()];
  }

  get fault(): string | undefined {
    return this.#lineage.fault?.message;
  }

  async append(entries: readonly NewEntry[]): Promise<readonly AppendOutcome[]> {
    return Promise.all(entries.map((entry) => this.#appender.append(entry)));
  }

  read(request: ReadRequest): Promise<LogPage> {
    return this.#reader.read(request);
  }

  readNewest(request: NewestRequest): Promise<LogPage> {
    return this.#reader.readNewest(request);
  }

  tail(after: Position | 'earliest', signal: AbortSignal): AsyncIterable<TailBatch> {
    const { name: log } = this;
    return tailStream({ log, api: this.#api, lineage: this.#lineage, isClosed: () => this.#closed, decode: this.#decode }, after, signal);
  }

  async state(): Promise<Extent> {
    return this.#lineage.extentOf(await this.#lineage.check());
  }

  async verify(position: Position): Promise<boolean> {
    return resumeAt(await this.state(), position, true).complete;
  }

  /**
   * The control entry is stored first: who reads up to it erases. Then what it erases is written down, so that the floor stays exact, and
   * erased. Broken off in between, it is done again by whoever repeats the purge.
   */
  async purge(mailbox: string): Promise<Position> {
    const outcome = await this.#appender.append({ mailbox, kind: 'purged', data: new Uint8Array() });
    if (!outcome.ok) throw outcome.error;
    const { seq } = outcome.position;
    for (const filter of [mailboxSubject(this.name, mailbox), purgedSubject(this.name, mailbox)]) await this.#erase(filter, seq);
    return outcome.position;
  }

  /** Everything under the filter before a seq, in stretches: what each erases is written down first. */
  async #erase(filter: string, before: number): Promise<void> {
    for (let after = 0; ; ) {
      const erased: number[] = [];
      await this.#scanner.scan({ filter, after, upTo: before - 1, headersOnly: true }, (message) => {
        erased.push(message.seq);
        return erased.length < ERASED_AT_ONCE;
      });
      const last = erased.at(-1);
      if (last === undefined) return;
      await this.#lineage.recordHoles(erased);
      await this.#api.request(`STREAM.PURGE.${streamName(this.name)}`, { filter, seq: last + 1 });
      after = last;
    }
  }

  close(): void {
    this.#closed = true;
    for (const off of this.#offs) off();
  }

  readonly #decode: Decode = (message) => {
    const entry = message.data.byteLength > this.#messageBytesMax ? undefined : entryOf(this.name, message);
    if (entry !== undefined && !this.#isForeign(firstSegment(entry.mailbox))) return entry;
    this.skipped += 1;
    return undefined;
  };

  async #settle({ entry, key, at }: Sent, { seq, duplicate }: Acknowledged): Promise<AppendOutcome | { readonly storeAs: string }> {
    const lineage = this.#lineage;
    // A new entry at a seq that was passed already is one of another history.
    if (!duplicate && seq <= at.seq) lineage.suspect();
    await lineage.settle();
    const position = { epoch: lineage.epoch, seq };
    // History forked meanwhile: what was acknowledged may be on the side that is gone.
    if (at.epoch !== lineage.epoch && (await this.#scanner.at(seq))?.headers?.get(DEDUPE_KEY) !== key) return { storeAs: key };
    // Recognised by a key that we made up: our own repeat.
    if (!duplicate || entry.id === undefined) return { ok: true, position, duplicate: false };
    const first = await this.#scanner.at(seq);
    if (first !== undefined && this.#isRemembered(first, entry)) return { ok: true, position, time: timeMs(first.timeNs), duplicate };
    return { storeAs: dedupeKeyOf(entry.mailbox, entry.id, seq) };
  }

  /**
   * JetStream remembers ids of messages that are gone, and for two minutes at least. Where they are to be forgotten sooner, the clock of this
   * process tells.
   */
  #isRemembered({ subject, headers, timeNs }: StoredMessage, { mailbox, id }: NewEntry): boolean {
    const key = headers?.get(DEDUPE_KEY) ?? '';
    return (
      subject === mailboxSubject(this.name, mailbox) &&
      key.endsWith(`${mailbox} ${id}`) &&
      (this.#policy.idWindowMs >= WINDOW_MS_MIN || Date.now() - timeMs(timeNs) < this.#policy.idWindowMs)
    );
  }
}
