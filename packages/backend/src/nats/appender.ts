import { randomBytes } from 'node:crypto';
import { createInbox, type Msg } from '@nats-io/transport-node';
import { entryBytes, type NewEntry, type Position, RestanteError } from '@restante/protocol';
import type { AppendOutcome } from '../log.js';
import type { Connection } from './api.js';
import { dedupeKeyOf, headersOf, OWN_KEY, subjectOf } from './stored-entry.js';

/**
 * Appends to one stream. Keeps the order of each mailbox under retries (I2): of a mailbox one message is under way at a time, and one whose
 * outcome is unknown stops its mailbox until it is resolved by its id, so that nothing later is stored before it. Mailboxes do not wait
 * for each other. Every message has an id, made up where it had none, so that to repeat it is safe (I8, ADR 0002).
 */

/** No acknowledgement for so long: ask again, with the same id. */
const AGAIN_MS = 1_000;
/** After JetStream said that it cannot for now. */
const REFUSED_AGAIN_MS = 250;
/** Then the caller is told that the outcome is unknown. */
const GIVE_UP_MS = 8_000;
const TICK_MS = 100;
/** Messages on their way and behind them. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** JetStream's: the account has no room. */
const NO_ROOM = new Set([10023, 10047, 10028]);
/** Nothing was stored, or could not be: for want of room, or because the server is stopping. */
const STORE_FAILED = 10077;
/** An earlier attempt with this id is on its way through the servers. */
const IN_PROCESS = 10158;
const UNKNOWN = 'JetStream did not acknowledge in time: whether the message is stored is not known; repeat it with the same id';
/** Before JetStream forgets an id, nothing may be repeated that could be held up on its way. */
const MARGIN_MS = 30_000;

/** What JetStream acknowledged. */
export interface Acknowledged {
  readonly seq: number;
  readonly duplicate: boolean;
}

export interface AppenderOptions {
  readonly log: string;
  readonly connection: Connection;
  /** JetStream remembers ids for so long; what is unresolved then can no longer be resolved by its id. */
  readonly windowMs: number;
  /** From the acknowledgement to the outcome; a duplicate that is no longer there names the key to be stored under instead. */
  readonly settle: (sent: Sent, acknowledged: Acknowledged) => Promise<AppendOutcome | { readonly storeAs: string }>;
  /** The newest position that is known of. */
  readonly position: () => Position;
  /** Why nothing can be stored until an operator mends it. */
  readonly fault: () => RestanteError | undefined;
}

/** What was sent, and where the log stood when it was sent first. */
export interface Sent {
  readonly entry: NewEntry;
  readonly key: string;
  readonly at: Position;
}

interface Waiting {
  readonly entry: NewEntry;
  key: string;
  readonly bytes: number;
  readonly queuedAt: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  isTold: boolean;
  /** When it was first sent; undefined: never. */
  firstSentAt: number | undefined;
  sentAt: number;
  at: Position;
  /** An attempt was neither acknowledged nor refused: it may be stored, now or later. */
  mayBeStored: boolean;
  token: string;
}

export class Appender {
  readonly #options: AppenderOptions;
  readonly #inbox = createInbox();
  readonly #lanes = new Map<string, Waiting[]>();
  readonly #underWay = new Map<string, Waiting>();
  readonly #end: () => void;
  /** Of fixed length, so that what a message takes in the stream does not depend on it. */
  readonly #keys = `${OWN_KEY}${randomBytes(6).toString('base64url')}`;
  readonly #resendMsMax: number;
  #count = 0;
  #waitingBytes = 0;
  #closed = false;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#resendMsMax = Math.max(options.windowMs - MARGIN_MS, options.windowMs / 2);
    const { connection } = options;
    const subscription = connection.nc.subscribe(`${this.#inbox}.*`, { callback: (_, message) => this.#onReply(message) });
    const offReconnect = connection.onReconnect(() => this.#again());
    const timer = setInterval(() => this.#tick(), TICK_MS);
    timer.unref();
    this.#end = () => {
      clearInterval(timer);
      offReconnect();
      subscription.unsubscribe();
    };
  }

  /** @returns one outcome, never a rejection */
  append(entry: NewEntry): Promise<AppendOutcome> {
    return new Promise((resolve) => {
      const bytes = entryBytes(entry);
      const fault = this.#options.fault();
      if (this.#closed) return resolve(failed('LOG_UNAVAILABLE', 'the log is closed'));
      if (fault !== undefined) return resolve({ ok: false, error: fault });
      if (this.#waitingBytes + bytes > WAITING_BYTES_MAX)
        return resolve(failed('OVERLOADED', 'too many messages are waiting to be stored'));
      this.#waitingBytes += bytes;
      const key = entry.id === undefined ? this.ownKey() : dedupeKeyOf(entry.mailbox, entry.id);
      const now = performance.now();
      const waiting: Waiting = {
        entry,
        key,
        bytes,
        queuedAt: now,
        resolve,
        isTold: false,
        firstSentAt: undefined,
        sentAt: now,
        at: this.#options.position(),
        mayBeStored: false,
        token: '',
      };
      const lane = this.#lanes.get(entry.mailbox);
      if (lane !== undefined) {
        lane.push(waiting);
        return;
      }
      this.#lanes.set(entry.mailbox, [waiting]);
      this.#send(waiting);
    });
  }

  ownKey(): string {
    this.#count += 1;
    return `${this.#keys}${this.#count.toString(36).padStart(10, '0')}`;
  }

  close(): void {
    this.#closed = true;
    this.#end();
    for (const lane of this.#lanes.values())
      for (const waiting of lane) this.#tell(waiting, failed('LOG_UNAVAILABLE', 'the log is closed'));
    this.#lanes.clear();
    this.#underWay.clear();
  }

  #send(waiting: Waiting): void {
    const { log, connection, position } = this.#options;
    const now = performance.now();
    waiting.sentAt = now;
    // The client would keep what it cannot send: it is sent when the connection is back.
    if (!connection.isConnected) return;
    if (waiting.firstSentAt === undefined) {
      waiting.firstSentAt = now;
      waiting.at = position();
    }
    if (this.#underWay.delete(waiting.token)) waiting.mayBeStored = true;
    this.#count += 1;
    waiting.token = this.#count.toString(36);
    this.#underWay.set(waiting.token, waiting);
    const { entry, key } = waiting;
    try {
      const reply = `${this.#inbox}.${waiting.token}`;
      connection.nc.publish(subjectOf(log, entry), entry.data, { headers: headersOf(entry, key), reply });
    } catch (error) {
      // This attempt did not leave the process: the servers take no message of this size, or the connection was closed.
      this.#underWay.delete(waiting.token);
      if (!waiting.mayBeStored)
        this.#done(waiting, failed('LOG_UNAVAILABLE', `NATS does not take the message: ${(error as Error).message}`));
    }
  }

  #onReply(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#underWay.get(token);
    if (waiting === undefined) return;
    this.#underWay.delete(token);
    // Nobody took it: no stream, or no leader for now. This attempt is not stored; it is repeated by the clock.
    if (message.headers?.code === 503) return;
    const { error, seq = 0, duplicate = false } = answerOf(message);
    if (error !== undefined) return this.#refused(waiting, error);
    // Stored, or on its way where the answer names no position; in which history has yet to be found.
    waiting.mayBeStored = true;
    if (seq > 0) void this.#settle(waiting, { seq, duplicate });
  }

  #refused(waiting: Waiting, { code, err_code, description }: Refusal): void {
    if (err_code === IN_PROCESS) waiting.mayBeStored = true;
    // That this attempt is refused says nothing of an earlier one.
    if (waiting.mayBeStored) return;
    if (NO_ROOM.has(err_code) || (err_code === STORE_FAILED && /space|full|exceed/i.test(description)))
      return this.#done(waiting, failed('LOG_FULL', `JetStream has no room: ${description}`));
    // JetStream's own trouble passes, and is asked again.
    if (code >= 500 || code === 429) return;
    this.#done(waiting, failed('LOG_UNAVAILABLE', `JetStream refuses the message: ${description} (${err_code})`));
  }

  async #settle(waiting: Waiting, acknowledged: Acknowledged): Promise<void> {
    try {
      const settled = await this.#options.settle(waiting, acknowledged);
      if (!('storeAs' in settled)) return this.#done(waiting, settled);
      waiting.key = settled.storeAs;
      waiting.mayBeStored = false;
      this.#send(waiting);
    } catch (error) {
      // It is stored, but where in which history is not known for now: it is asked again, and is a duplicate then.
      if (performance.now() - waiting.queuedAt < GIVE_UP_MS) return;
      this.#done(waiting, { ok: false, error: error as RestanteError });
    }
  }

  #done(waiting: Waiting, outcome: AppendOutcome): void {
    this.#tell(waiting, outcome);
    const { mailbox } = waiting.entry;
    const lane = this.#lanes.get(mailbox);
    if (lane?.[0] !== waiting) return;
    this.#forget(waiting);
    lane.shift();
    const [next] = lane;
    if (next === undefined) this.#lanes.delete(mailbox);
    else this.#send(next);
  }

  #tell(waiting: Waiting, outcome: AppendOutcome): void {
    if (waiting.isTold) return;
    waiting.isTold = true;
    waiting.resolve(outcome);
  }

  #again(): void {
    for (const [first] of this.#lanes.values()) if (first !== undefined) this.#send(first);
  }

  /** Repeats what was not acknowledged, and tells those who have waited too long. */
  #tick(): void {
    const now = performance.now();
    const fault = this.#options.fault();
    for (const lane of this.#lanes.values()) {
      const [first] = lane;
      if (first === undefined) continue;
      if (fault !== undefined) for (const waiting of lane.toReversed()) this.#refuse(waiting, fault);
      for (const waiting of lane) if (!waiting.isTold && now - waiting.queuedAt > GIVE_UP_MS) this.#giveUp(waiting);
      if (this.#lanes.get(first.entry.mailbox)?.[0] !== first) continue;
      const isUnanswered = this.#underWay.has(first.token);
      if (now - first.sentAt < (isUnanswered ? AGAIN_MS : REFUSED_AGAIN_MS)) continue;
      const isUnknown = (isUnanswered || first.mayBeStored) && now - (first.firstSentAt ?? now) < this.#resendMsMax;
      if (first.isTold && !isUnknown) this.#drop(first);
      else this.#send(first);
    }
  }

  /** What may be stored all the same is not refused. */
  #refuse(waiting: Waiting, fault: RestanteError): void {
    if (waiting.mayBeStored || this.#underWay.has(waiting.token)) return this.#tell(waiting, failed('LOG_UNAVAILABLE', UNKNOWN));
    this.#tell(waiting, { ok: false, error: fault });
    this.#drop(waiting);
  }

  #giveUp(waiting: Waiting): void {
    const text = waiting.firstSentAt === undefined ? 'NATS could not be reached, and the message was not stored' : UNKNOWN;
    this.#tell(waiting, failed('LOG_UNAVAILABLE', text));
    const lane = this.#lanes.get(waiting.entry.mailbox);
    // Never sent, so nothing is unknown of it, and the mailbox need not wait.
    if (waiting.firstSentAt === undefined && lane !== undefined) this.#drop(waiting);
  }

  #forget(waiting: Waiting): void {
    this.#underWay.delete(waiting.token);
    this.#waitingBytes -= waiting.bytes;
  }

  #drop(waiting: Waiting): void {
    const { mailbox } = waiting.entry;
    const lane = this.#lanes.get(mailbox);
    if (lane?.includes(waiting) !== true) return;
    this.#forget(waiting);
    const wasFirst = lane[0] === waiting;
    const rest = lane.filter((other) => other !== waiting);
    if (rest.length === 0) {
      this.#lanes.delete(mailbox);
      return;
    }
    this.#lanes.set(mailbox, rest);
    if (wasFirst) this.#send(rest[0] as Waiting);
  }
}

interface Refusal {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

/** Empty where it is no answer of JetStream's. */
function answerOf(message: Msg): { readonly seq?: number; readonly duplicate?: boolean; readonly error?: Refusal } {
  try {
    return JSON.parse(message.string()) as ReturnType<typeof answerOf>;
  } catch {
    return {};
  }
}

function failed(code: 'LOG_UNAVAILABLE' | 'LOG_FULL' | 'OVERLOADED', text: string): AppendOutcome {
  return { ok: false, error: new RestanteError(code, text) };
}
