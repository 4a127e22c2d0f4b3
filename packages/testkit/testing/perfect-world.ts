import { currentEpoch, type Epochs, forkedAt, matches, OPEN, type Pattern, parsePattern } from '@restante/protocol';
import type { HistoryEvent } from '../src/history/events.js';
import type { FinalEntry, FinalLog } from '../src/history/known.js';

/**
 * A server that does everything right, and readers that are told so: makes the correct histories that the judge must accept.
 * One log; forks, retention, purges, unknown outcomes and reconnections as its commands say.
 */

export type Command =
  | {
      readonly do: 'publish';
      readonly mailbox: number;
      readonly outcome: 'stored' | 'refused' | 'unknown' | 'lost' | 'retried' | 'duplicate';
    }
  | { readonly do: 'purge'; readonly mailbox: number }
  | { readonly do: 'retain'; readonly drop: number }
  | { readonly do: 'fork'; readonly lose: number }
  | { readonly do: 'connect'; readonly reader: number; readonly from: 'last' | 'earlier' | 'anew' }
  | { readonly do: 'deliver'; readonly reader: number; readonly most: number };

export interface ReaderSpec {
  readonly pattern: string;
  readonly mode: 'every' | 'latest';
  readonly after: 'now' | 'earliest';
}

interface Stored extends FinalEntry {
  /** Where the purge lies that erased it. */
  purgedAt: number;
}

interface Reader extends ReaderSpec {
  readonly name: string;
  readonly parsed: Pattern;
  connected: boolean;
  /** undefined before the server said where it begins. */
  place: { epoch: string; seq: number } | undefined;
  /** Places that it was told, any of which it may resume from. */
  told: { epoch: string; seq: number }[];
}

const MAILBOXES = ['/a', '/a/x', '/a/y', '/a/x/deep', '/b'];
const LOG = '_';

function mailboxOf(index: number): string {
  return MAILBOXES[index % MAILBOXES.length] ?? '/a';
}

export class PerfectWorld {
  readonly events: HistoryEvent[] = [];
  readonly #readers: Reader[];
  #epochs: Epochs = [{ epoch: 'epoch000', upTo: OPEN }];
  #stored: Stored[] = [];
  #floor = 0;
  #head = 0;
  #ids = 0;
  #ticks = 0;

  constructor(readers: readonly ReaderSpec[]) {
    this.#readers = readers.map((spec, i) => ({
      ...spec,
      name: `r${i}`,
      parsed: parsePattern(spec.pattern),
      connected: false,
      place: undefined,
      told: [],
    }));
    for (const { name, pattern, mode } of this.#readers) this.events.push({ type: 'reader', reader: name, patterns: [pattern], mode });
  }

  run(commands: readonly Command[]): this {
    for (const command of commands) this.#run(command);
    for (const reader of this.#readers) this.#finish(reader);
    return this;
  }

  final(): FinalLog {
    return { log: LOG, epochs: this.#epochs, floor: this.#floor, head: this.#head, entries: this.#entries() };
  }

  #entries(): FinalEntry[] {
    return this.#stored.filter((entry) => entry.seq > this.#floor && entry.purgedAt === OPEN);
  }

  #run(command: Command): void {
    if (command.do === 'publish') this.#publish(mailboxOf(command.mailbox), command.outcome);
    else if (command.do === 'purge') this.#purge(mailboxOf(command.mailbox));
    else if (command.do === 'retain') this.#retain(command.drop);
    else if (command.do === 'fork') this.#fork(command.lose);
    else {
      const reader = this.#readers[command.reader % this.#readers.length];
      if (reader === undefined) return;
      if (command.do === 'connect') this.#connect(reader, command.from);
      else if (reader.connected) this.#deliver(reader, command.most);
    }
  }

  get #epoch(): string {
    return currentEpoch(this.#epochs);
  }

  #publish(mailbox: string, outcome: Extract<Command, { do: 'publish' }>['outcome']): void {
    const id = `m${++this.#ids}`;
    const attempt = { type: 'publish', publisher: 'p', call: this.#ids, mailbox, id, hash: `h${this.#ids}` } as const;
    const moment = () => ({ start: ++this.#ticks, end: ++this.#ticks });
    const told = () => ({ log: LOG, position: { epoch: this.#epoch, seq: this.#head } });
    if (outcome === 'refused' || outcome === 'lost') {
      this.events.push({ ...attempt, ...moment(), outcome: outcome === 'lost' ? 'unknown' : 'refused' });
      return;
    }
    this.#stored.push({ seq: ++this.#head, mailbox, id, hash: attempt.hash, purgedAt: OPEN });
    if (outcome === 'unknown' || outcome === 'retried') this.events.push({ ...attempt, ...moment(), outcome: 'unknown' });
    if (outcome === 'stored' || outcome === 'duplicate') this.events.push({ ...attempt, ...moment(), outcome: 'stored', ...told() });
    if (outcome === 'retried' || outcome === 'duplicate') this.events.push({ ...attempt, ...moment(), outcome: 'duplicate', ...told() });
  }

  #purge(mailbox: string): void {
    this.#head++;
    for (const entry of this.#stored) if (entry.mailbox === mailbox) entry.purgedAt = Math.min(entry.purgedAt, this.#head);
    this.#stored.push({ seq: this.#head, mailbox, purged: true, purgedAt: OPEN });
    this.events.push({ type: 'purge', mailbox, outcome: 'stored', log: LOG, position: { epoch: this.#epoch, seq: this.#head } });
  }

  #retain(drop: number): void {
    this.#floor = Math.min(this.#head, this.#floor + drop);
  }

  #fork(lose: number): void {
    // Retention never outruns a fork here: what was removed stays history.
    const at = Math.max(this.#floor, this.#head - lose);
    const epoch = `epoch${String(this.#epochs.length).padStart(3, '0')}`;
    // A fork below an earlier one would make the line forget the earlier one.
    const earlier = this.#epochs[this.#epochs.length - 2]?.upTo ?? 0;
    if (at < earlier) return;
    this.#epochs = forkedAt(this.#epochs, at, epoch);
    this.#stored = this.#stored.filter((entry) => entry.seq <= at);
    // The copy that goes on never heard of a purge beyond the fork.
    for (const entry of this.#stored) if (entry.purgedAt > at) entry.purgedAt = OPEN;
    this.#head = at;
  }

  #connect(reader: Reader, from: 'last' | 'earlier' | 'anew'): void {
    const resumed = from === 'earlier' ? reader.told[Math.floor(reader.told.length / 2)] : reader.told[reader.told.length - 1];
    reader.connected = true;
    if (resumed === undefined || from === 'anew') {
      const seq = reader.after === 'now' ? this.#head : this.#floor;
      this.events.push({ type: 'connect', reader: reader.name, after: reader.after });
      this.events.push({ type: 'subscribed', reader: reader.name, cursor: `${LOG}.${this.#epoch}.${seq}`, complete: true });
      reader.place = { epoch: this.#epoch, seq };
      reader.told = [reader.place];
      return;
    }
    this.events.push({ type: 'connect', reader: reader.name, after: `${LOG}.${resumed.epoch}.${resumed.seq}` });
    reader.place = resumed;
  }

  #deliver(reader: Reader, most: number): void {
    this.#catchUpWithHistory(reader);
    const place = reader.place as { epoch: string; seq: number };
    const matching = this.#entries().filter((entry) => matches(reader.parsed, entry.mailbox));
    const newest = new Map(matching.map((entry) => [entry.mailbox, entry]));
    const shown = reader.mode === 'every' ? matching : matching.filter((entry) => newest.get(entry.mailbox) === entry);
    const owed = shown.filter((entry) => entry.seq > place.seq);
    for (const entry of owed.slice(0, most)) {
      this.events.push({ type: 'message', reader: reader.name, log: LOG, epoch: this.#epoch, ...entry });
      this.#stand(reader, entry.seq);
    }
    if (owed.length > most) return;
    this.events.push({ type: 'position', reader: reader.name, cursor: `${LOG}.${this.#epoch}.${this.#head}` });
    this.#stand(reader, this.#head);
  }

  /** Tells of forks and retention, as `resumeAt` would. */
  #catchUpWithHistory(reader: Reader): void {
    const place = reader.place as { epoch: string; seq: number };
    if (place.epoch !== this.#epoch) {
      const index = this.#epochs.findIndex(({ epoch }) => epoch === place.epoch);
      const fork = Math.min(...this.#epochs.slice(index, -1).map(({ upTo }) => upTo));
      if (place.seq > fork || reader.mode === 'latest') {
        const start = reader.mode === 'latest' ? this.#floor : Math.max(fork, this.#floor);
        this.events.push({ type: 'gap', reader: reader.name, cursor: `${LOG}.${this.#epoch}.${start}`, reason: 'history' });
        this.#stand(reader, start);
      } else reader.place = { epoch: this.#epoch, seq: place.seq };
    }
    if ((reader.place?.seq ?? 0) >= this.#floor) return;
    this.events.push({ type: 'gap', reader: reader.name, cursor: `${LOG}.${this.#epoch}.${this.#floor}`, reason: 'retention' });
    this.#stand(reader, this.#floor);
  }

  #stand(reader: Reader, seq: number): void {
    reader.place = { epoch: this.#epoch, seq };
    reader.told.push(reader.place);
  }

  #finish(reader: Reader): void {
    if (!reader.connected) this.#connect(reader, 'last');
    this.#deliver(reader, OPEN);
    this.events.push({ type: 'end', reader: reader.name });
  }
}
