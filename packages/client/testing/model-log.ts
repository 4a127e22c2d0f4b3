import {
  type Cursor,
  currentEpoch,
  type Epochs,
  forkedAt,
  formatPosition,
  type GapReason,
  type Message,
  matches,
  OPEN,
  type Pattern,
  type Position,
  resumeAt,
} from '@restante/protocol';
import { type FinalLog, hashOfBody } from '@restante/testkit';

/** A log as the protocol describes it: forks, retention, purges, ids. */

export interface ModelEntry {
  readonly seq: number;
  readonly mailbox: string;
  readonly id?: string;
  readonly data?: unknown;
  readonly purged?: true;
}

export interface ModelPage {
  readonly entries: readonly ModelEntry[];
  readonly next: Position;
  readonly gap: GapReason | undefined;
}

export class ModelLog {
  readonly name: string;
  #epochs: Epochs;
  floor = 0;
  head = 0;
  /** What this history ever stored: a fork is a backup that was restored, with what had been purged since. */
  #stored: ModelEntry[] = [];
  #forks = 0;
  /** The epochs before, each up to where it was left; a later, deeper fork lowers them in `#epochs`. */
  readonly #ended: { readonly epoch: string; readonly upTo: number }[] = [];

  constructor(name: string) {
    this.name = name;
    this.#epochs = [{ epoch: `${name === '_' ? 'x' : name}epoch000`, upTo: OPEN }];
  }

  get position(): Position {
    return { epoch: currentEpoch(this.#epochs), seq: this.head };
  }

  get entries(): readonly ModelEntry[] {
    const purgedAt = new Map(this.#stored.filter(({ purged }) => purged).map(({ mailbox, seq }) => [mailbox, seq]));
    return this.#stored.filter(({ seq, mailbox }) => seq > this.floor && seq >= (purgedAt.get(mailbox) ?? 0));
  }

  /** The newest that it ever stored for this pattern, kept or not. */
  newestOf(pattern: Pattern): number {
    return this.#stored.findLast(({ mailbox }) => matches(pattern, mailbox))?.seq ?? 0;
  }

  append(entry: Omit<ModelEntry, 'seq'>): { readonly position: Position; readonly duplicate: boolean } {
    const known = this.entries.find(({ mailbox, id }) => id !== undefined && id === entry.id && mailbox === entry.mailbox);
    if (known !== undefined) return { position: { epoch: this.position.epoch, seq: known.seq }, duplicate: true };
    this.head += 1;
    this.#stored.push({ ...entry, seq: this.head });
    return { position: this.position, duplicate: false };
  }

  /** The newest so many are lost: another history begins. */
  fork(lost: number): void {
    const upTo = Math.max(this.floor, this.head - lost);
    this.#forks += 1;
    this.#ended.push({ epoch: currentEpoch(this.#epochs), upTo });
    this.#epochs = forkedAt(this.#epochs, upTo, `${this.name === '_' ? 'x' : this.name}epoch${String(this.#forks).padStart(3, '0')}`);
    this.#stored = this.#stored.filter(({ seq }) => seq <= upTo);
    this.head = upTo;
  }

  retain(kept: number): void {
    this.floor = Math.max(this.floor, this.head - kept);
  }

  /** Where reading goes on from there, and whether something is missing. */
  resume(after: Position | 'earliest', mode: 'every' | 'latest'): { readonly start: Position; readonly gap: GapReason | undefined } {
    const { start, complete, reason } = resumeAt({ epochs: this.#epochs, floor: this.floor, head: this.head }, after, true, mode);
    return { start: { epoch: this.position.epoch, seq: start }, gap: complete ? undefined : (reason ?? 'history') };
  }

  page(patterns: readonly Pattern[], mode: 'every' | 'latest', after: Position | 'earliest', limit: number): ModelPage {
    const { start, gap } = this.resume(after, mode);
    const wanted = this.entries.filter(
      ({ seq, mailbox }) =>
        seq > start.seq && patterns.some((pattern) => matches(pattern, mailbox)) && (mode === 'every' || this.#newest(mailbox) === seq),
    );
    const entries = wanted.slice(0, limit);
    const seq = entries.length === wanted.length ? Math.max(start.seq, this.head) : (entries.at(-1)?.seq ?? start.seq);
    return { entries, next: { epoch: start.epoch, seq }, gap };
  }

  /** Just before the newest so many. */
  startOfLast(patterns: readonly Pattern[], last: number): Position {
    const wanted = this.entries.filter(({ mailbox }) => patterns.some((pattern) => matches(pattern, mailbox)));
    const first = wanted.at(-last) ?? wanted[0];
    return { epoch: this.position.epoch, seq: first === undefined ? this.head : first.seq - 1 };
  }

  message({ seq, mailbox, id, data, purged }: ModelEntry): Message {
    const cursor = formatPosition(this.name, { epoch: this.position.epoch, seq });
    const named = id === undefined ? {} : { id };
    return purged ? { mailbox, cursor, time: seq, purged } : { mailbox, cursor, time: seq, ...named, data };
  }

  final(): FinalLog {
    const entries = this.entries.map(({ seq, mailbox, id, data, purged }) =>
      purged ? { seq, mailbox, purged } : { seq, mailbox, hash: hashOfBody({ data }), ...(id !== undefined && { id }) },
    );
    return {
      log: this.name,
      epochs: [...this.#ended, { epoch: currentEpoch(this.#epochs), upTo: OPEN }],
      floor: this.floor,
      head: this.head,
      entries,
    };
  }

  #newest(mailbox: string): number | undefined {
    return this.entries.findLast((entry) => entry.mailbox === mailbox)?.seq;
  }
}

export function positionIn(cursor: Cursor, log: string): Position | 'earliest' {
  return cursor.get(log) ?? 'earliest';
}
