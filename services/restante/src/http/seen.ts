import { type Message, type Position, parseCursor } from '@restante/protocol';

/**
 * What a reader of several logs has shown already. A stream over several logs says where it stands only now and then, so that after
 * a break some messages come again; each names its place in its log, and what is not beyond the last place shown is dropped.
 */
export class Seen {
  readonly #last = new Map<string, Position>();
  #shown: ReadonlyMap<string, Position> = new Map();

  /** After a break: what was shown until now may come again. */
  resume(): void {
    this.#shown = new Map(this.#last);
  }

  /** @returns false when it was shown before. */
  isNew({ cursor }: Pick<Message, 'cursor'>): boolean {
    for (const [log, position] of parseCursor(cursor)) {
      const shown = this.#shown.get(log);
      if (shown !== undefined && shown.epoch === position.epoch && position.seq <= shown.seq) return false;
      this.#last.set(log, position);
    }
    return true;
  }
}
