import { type GapReason, type Message, matches, type Pattern, parseCursor, parsePattern } from '@restante/protocol';
import { type HistoryEvent, type Outcome, toLine } from './events.js';
import { hashOfBody } from './hash.js';

/**
 * Collects a history in memory, and hands each event on as a line where somebody wants to keep it. Knows no clock: what comes first is recorded first.
 */
export class Recorder {
  readonly events: HistoryEvent[] = [];
  readonly #keep: ((line: string) => void) | undefined;
  /** The same few texts come with every reader's copy of a message: one of each is kept. */
  readonly #texts = new Map<string, string>();
  #ticks = 0;

  /** @param keep gets every event as one line, such as a file's `appendFileSync`. */
  constructor(keep?: (line: string) => void) {
    this.#keep = keep;
  }

  record(event: HistoryEvent): void {
    this.events.push(event);
    this.#keep?.(toLine(event));
  }

  reader(name: string, patterns: readonly string[], mode: 'every' | 'latest'): ReaderRecord {
    this.record({ type: 'reader', reader: name, patterns, mode });
    return new ReaderRecord(this, name, patterns.map(parsePattern));
  }

  /** The next moment, for `start` and `end` of a publish. */
  tick(): number {
    return ++this.#ticks;
  }

  /** What an operator does to a log that puts another history in the place of its own. */
  async swapping<T>(log: string, deed: () => Promise<T>): Promise<T> {
    const start = this.tick();
    const done = await deed();
    this.record({ type: 'swapped', log, start, end: this.tick() });
    return done;
  }

  text(text: string): string {
    const kept = this.#texts.get(text);
    if (kept !== undefined) return kept;
    this.#texts.set(text, text);
    return text;
  }
}

/** What one reader is told, as it is told it. */
export class ReaderRecord {
  readonly #recorder: Recorder;
  readonly name: string;
  readonly #patterns: readonly Pattern[];
  /** How many messages it received, repeated ones too. */
  received = 0;

  constructor(recorder: Recorder, name: string, patterns: readonly Pattern[]) {
    this.#recorder = recorder;
    this.name = name;
    this.#patterns = patterns;
  }

  matches(mailbox: string): boolean {
    return this.#patterns.some((pattern) => matches(pattern, mailbox));
  }

  connected(after: string | undefined): void {
    const start = this.#recorder.tick();
    this.#recorder.record({ type: 'connect', reader: this.name, ...(after !== undefined && { after }), start });
  }

  subscribed(cursor: string, complete: boolean, reason?: GapReason): void {
    this.#recorder.record({ type: 'subscribed', reader: this.name, cursor, complete, ...(reason !== undefined && { reason }) });
  }

  message(message: Message): void {
    this.received++;
    const recorder = this.#recorder;
    for (const [log, { epoch, seq }] of parseCursor(message.cursor)) {
      const place = { type: 'message', reader: this.name, log: recorder.text(log), epoch: recorder.text(epoch), seq } as const;
      const mailbox = recorder.text(message.mailbox);
      if (message.purged) recorder.record({ ...place, mailbox, purged: true });
      else
        recorder.record({
          ...place,
          mailbox,
          hash: recorder.text(hashOfBody(message)),
          ...(message.id !== undefined && { id: recorder.text(message.id) }),
        });
    }
  }

  position(cursor: string): void {
    this.#recorder.record({ type: 'position', reader: this.name, cursor });
  }

  gap(cursor: string | undefined, reason: GapReason): void {
    this.#recorder.record({ type: 'gap', reader: this.name, reason, ...(cursor !== undefined && { cursor }) });
  }

  /** It has had time to receive everything. */
  end(): void {
    this.#recorder.record({ type: 'end', reader: this.name });
  }
}

/** One request to publish: what it carried, and what came of it. */
export interface SentMessage {
  readonly mailbox: string;
  readonly id: string;
  readonly hash: string;
}

export interface SentOutcome {
  readonly outcome: Outcome;
  /** The cursor of the answer, with `stored` and `duplicate`. */
  readonly cursor?: string;
  /** Where the answer has no cursor, but a place. */
  readonly at?: { readonly log: string; readonly seq: number };
}

/** Records what a request's messages came to, in their order. `start` is the tick at which it was sent. */
export function recordPublish(
  recorder: Recorder,
  request: { readonly publisher: string; readonly call: number; readonly start: number },
  messages: readonly SentMessage[],
  outcomes: readonly SentOutcome[],
): void {
  const end = recorder.tick();
  for (const [i, { mailbox, id, hash }] of messages.entries()) {
    const { outcome, cursor, at }: SentOutcome = outcomes[i] ?? { outcome: 'unknown' };
    const told = {
      type: 'publish',
      ...request,
      mailbox: recorder.text(mailbox),
      id: recorder.text(id),
      hash: recorder.text(hash),
      end,
      outcome,
    } as const;
    if (cursor === undefined) recorder.record({ ...told, ...at });
    else for (const [log, position] of parseCursor(cursor)) recorder.record({ ...told, log, position });
  }
}
