import {
  currentEpoch,
  type Entry,
  type Epochs,
  type Extent,
  entryBytes,
  forkedAt,
  matches,
  OPEN,
  type Position,
  resumeAt,
} from '@restante/protocol';
import type { FinalLog } from '@restante/testkit';
import type { PageAnswer, PageRequest } from '../src/index.js';

/**
 * The log of a simulated world: append, purge, retention, forks; and its copies, each a view that may lag behind.
 * Keeps every entry it ever had, so that the judge can be told of forked ones.
 */

/** What a copy holds. `entries` may go on beyond `head`: those are not there yet. */
export interface View extends Extent {
  readonly entries: readonly Entry[];
}

export class ModelLog {
  readonly name: string;
  #epochs: Epochs;
  /** As `Epochs`, but each `upTo` as it was when the next epoch began. */
  #line: { epoch: string; upTo: number }[];
  #entries: Entry[] = [];
  #erased: { readonly entry: Entry; readonly by: number }[] = [];
  #floor = 0;
  #head = 0;

  constructor(name: string) {
    this.name = name;
    this.#epochs = [{ epoch: this.#newEpoch(1), upTo: OPEN }];
    this.#line = [{ epoch: this.#newEpoch(1), upTo: OPEN }];
  }

  get view(): View {
    return { epochs: this.#epochs, floor: this.#floor, head: this.#head, entries: this.#entries };
  }

  get position(): Position {
    return { epoch: currentEpoch(this.#epochs), seq: this.#head };
  }

  append(mailbox: string, id: string, time: number): void {
    this.#head += 1;
    this.#entries.push({ seq: this.#head, time, mailbox, kind: 'text', id, data: new TextEncoder().encode(id) });
  }

  purge(mailbox: string, time: number): void {
    this.#head += 1;
    for (const entry of this.#entries) if (entry.mailbox === mailbox) this.#erased.push({ entry, by: this.#head });
    const control: Entry = { seq: this.#head, time, mailbox, kind: 'purged', data: new Uint8Array() };
    this.#entries = [...this.#entries.filter((entry) => entry.mailbox !== mailbox), control];
  }

  /** Retention removes this share of what there is. */
  retain(share: number): void {
    this.#floor += Math.floor((this.#head - this.#floor) * share);
    this.#entries = this.#entries.filter((entry) => entry.seq > this.#floor);
  }

  /** The newest are lost; whoever goes on has not heard of their purges either. */
  fork(lost: number): void {
    const upTo = Math.max(this.#floor, this.#head - lost);
    const epoch = this.#newEpoch(this.#line.length + 1);
    this.#epochs = forkedAt(this.#epochs, upTo, epoch);
    (this.#line.at(-1) as { upTo: number }).upTo = upTo;
    this.#line.push({ epoch, upTo: OPEN });
    const back = this.#erased
      .filter(({ entry, by }) => by > upTo && entry.seq <= upTo && entry.seq > this.#floor)
      .map(({ entry }) => entry);
    this.#erased = this.#erased.filter(({ by }) => by <= upTo);
    this.#entries = [...this.#entries.filter((entry) => entry.seq <= upTo), ...back].sort((a, b) => a.seq - b.seq);
    this.#head = upTo;
  }

  final(): FinalLog {
    const entries = this.#entries.map(({ seq, mailbox, kind, id }) =>
      kind === 'purged' ? { seq, mailbox, purged: true as const } : { seq, mailbox, hash: id as string, ...(id !== undefined && { id }) },
    );
    return { log: this.name, epochs: this.#line, floor: this.#floor, head: this.#head, entries };
  }

  #newEpoch(n: number): string {
    return `${this.name}epoch${String(n).padStart(3, '0')}`;
  }
}

/** A page of a copy, as the log's port says. A copy that lags does not know that what lies ahead of it is of another history. */
export function readPage(view: View, { patterns, mode, epoch, after }: PageRequest, limits: { limit: number; bytes: number }): PageAnswer {
  const { start, complete, reason } = resumeAt(view, { epoch, seq: after }, false);
  let found = view.entries.filter((e) => e.seq > start && e.seq <= view.head && patterns.some((p) => matches(p, e.mailbox)));
  if (mode === 'latest') found = found.filter((e) => !found.some((newer) => newer.mailbox === e.mailbox && newer.seq > e.seq));
  let { bytes } = limits;
  let room = 0;
  for (; room < found.length && room < limits.limit; room += 1) {
    bytes -= entryBytes(found[room] as Entry);
    if (bytes < 0 && room > 0) break;
  }
  const full = room < found.length;
  const entries = found.slice(0, room);
  const next = full ? (entries.at(-1) as Entry).seq : Math.max(start, view.head);
  return { epochs: view.epochs, start, next, head: view.head, complete, entries, ...(reason !== undefined && { reason }) };
}

export type TailBatch = Extent & { readonly from: number; readonly upTo: number; readonly entries: readonly Entry[] };

/** The next batch of a tail that stands at `position`. */
export function tailBatch(view: View, position: Position, entriesMax: number): TailBatch {
  const { start } = resumeAt(view, position, true);
  const waiting = view.entries.filter((e) => e.seq > start && e.seq <= view.head);
  const entries = waiting.slice(0, entriesMax);
  const upTo = entries.length < waiting.length ? (entries.at(-1) as Entry).seq : Math.max(start, view.head);
  return { epochs: view.epochs, floor: view.floor, head: view.head, from: start, upTo, entries };
}
