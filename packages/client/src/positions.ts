interface Position {
  readonly epoch: string;
  readonly seq: number;
  readonly isDoubtful?: boolean;
}

/**
 * Where a subscription stands: a seq and its epoch for each log. The only place that looks into cursors, because resuming from a message's
 * own cursor, and dropping what was seen, need them log by log (I3, I4).
 */
export class Positions {
  readonly #logs = new Map<string, Position>();

  constructor(cursor?: string) {
    if (cursor !== undefined) this.advance(cursor);
  }

  get isKnown(): boolean {
    return this.#logs.size > 0;
  }

  /** The cursor of it all, sorted by log as the server writes it; undefined before anything is known. */
  get cursor(): string | undefined {
    if (!this.isKnown) return undefined;
    return join([...this.#logs].map(([log, { epoch, seq }]) => `${log}.${epoch}.${seq}`));
  }

  /**
   * Goes on to there, log by log; never back within an epoch.
   * @param onlyKnown A cursor that others share names logs that are not this subscription's.
   */
  advance(cursor: string, onlyKnown = false): void {
    for (const part of cursor.split(',')) {
      const [log, epoch, seq] = parse(part);
      const known = this.#logs.get(log);
      if (known === undefined && onlyKnown) continue;
      if (known?.epoch !== epoch || known.seq < seq || known.isDoubtful) this.#logs.set(log, { epoch, seq });
    }
  }

  /**
   * Stands there now, even if that is further back: what was beyond is another history, or gone.
   * Where nobody said where, the next that is told of a log counts; until then the old place is the one to come back to.
   */
  replace(cursor: string | undefined): void {
    for (const [log, position] of this.#logs) this.#logs.set(log, { ...position, isDoubtful: true });
    if (cursor !== undefined) this.advance(cursor);
  }

  /** Is a message's own cursor at or before this? */
  holds(cursor: string): boolean {
    const [log, epoch, seq] = parse(cursor);
    const known = this.#logs.get(log);
    return known !== undefined && known.epoch === epoch && seq <= known.seq && !known.isDoubtful;
  }
}

/** For each log the lowest place of all, from which none of them misses anything; undefined where they are in different histories. */
export function lowest(cursors: readonly (string | undefined)[]): string | undefined {
  const logs = new Map<string, { readonly epoch: string; readonly seq: number; readonly part: string }>();
  for (const part of cursors.flatMap((cursor) => cursor?.split(',') ?? [])) {
    const [log, epoch, seq] = parse(part);
    const known = logs.get(log);
    if (known !== undefined && known.epoch !== epoch) return undefined;
    if (known === undefined || seq < known.seq) logs.set(log, { epoch, seq, part });
  }
  return join([...logs.values()].map(({ part }) => part));
}

function join(parts: string[]): string {
  return parts.sort(byLog).join();
}

function parse(part: string): readonly [log: string, epoch: string, seq: number] {
  const first = part.indexOf('.');
  const last = part.lastIndexOf('.');
  return [part.slice(0, first), part.slice(first + 1, last), Number(part.slice(last + 1))];
}

function byLog(a: string, b: string): number {
  const logOfA = parse(a)[0];
  const logOfB = parse(b)[0];
  return logOfA < logOfB ? -1 : logOfA > logOfB ? 1 : 0;
}
