import { type Epochs, OPEN, sharedUpTo } from '@restante/protocol';

/**
 * How the epochs of one log hang together (I11): the same entry is `a.5` before a fork at 8 and `b.5` after it, but `a.9` and `b.9` are two.
 */
export class Lineage {
  readonly epochs: Epochs;
  readonly #index: ReadonlyMap<string, number>;

  /** @param epochs the log's whole line at the end; an epoch that is not in it shares nothing with any other. */
  constructor(epochs: Epochs) {
    this.epochs = epochs;
    this.#index = new Map(epochs.map(({ epoch }, i) => [epoch, i]));
  }

  get current(): string {
    return this.epochs[this.epochs.length - 1]?.epoch ?? '';
  }

  get hasForked(): boolean {
    return this.epochs.length > 1;
  }

  /** The epoch that stored the entry which `epoch` shows at `seq`. */
  owner(epoch: string, seq: number): string {
    let index = this.#index.get(epoch);
    if (index === undefined) return epoch;
    while (index > 0 && seq <= (this.epochs[index - 1]?.upTo ?? 0)) index--;
    return this.epochs[index]?.epoch ?? epoch;
  }

  /** The epochs that may have stored an entry at this seq: the one that shows it now, and those whose own was lost. */
  epochsAt(seq: number): readonly string[] {
    return this.epochs.slice(0, (this.#index.get(this.owner(this.current, seq)) ?? 0) + 1).map(({ epoch }) => epoch);
  }

  /** Up to which seq `older` and `newer` are one history; undefined where `newer` does not descend from `older`. */
  shared(older: string, newer: string): number | undefined {
    if (older === newer) return OPEN;
    const from = this.#index.get(older);
    const to = this.#index.get(newer);
    if (from === undefined || to === undefined || from > to) return undefined;
    return sharedUpTo(this.epochs.slice(0, to), older);
  }

  /** The epoch that followed upon this one; the current epoch where none did, or where nobody knows. */
  after(epoch: string): string {
    return this.epochs[(this.#index.get(epoch) ?? this.epochs.length) + 1]?.epoch ?? this.current;
  }

  /** Negative where the entry (epoch `a`, seq `x`) came before (epoch `b`, seq `y`); epochs as `owner` gives them. */
  compare(a: string, x: number, b: string, y: number): number {
    const byEpoch = (this.#index.get(a) ?? -1) - (this.#index.get(b) ?? -1);
    return byEpoch === 0 ? x - y : byEpoch;
  }
}
