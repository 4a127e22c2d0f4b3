import {
  type Cursor,
  firstSegment,
  formatCursor,
  type GapReason,
  type Message,
  matches,
  type Pattern,
  parseCursor,
  parsePattern,
  type Position,
  type ClientFrame,
  type Page,
  type ServerFrame,
} from '@restante/protocol';
import { ModelLog, positionIn } from './model-log.js';

/**
 * A server as docs/protocol.md describes it, with two logs. Catches up in small pages, so that everything may happen between two of them,
 * and falls behind early. Knows nothing of networks: what it says to a connection it puts into that connection's outbox.
 */

const PAGE = 3;
/** What waits for a client before its live readers are sent back to catching up. */
const HIGH_WATER = 12;

export interface Outbox {
  /** What waits in it. */
  readonly size: number;
  say(what: string): void;
  end(code: number): void;
}

interface Reader {
  readonly patterns: readonly Pattern[];
  readonly mode: 'every' | 'latest';
  /** It begins where the log is when it is told so. */
  readonly fromNow: boolean;
  cursor: Map<string, Position>;
  isLive: boolean;
  hasBegun: boolean;
}

export class ModelServer {
  readonly logs = [new ModelLog('_'), new ModelLog('a')] as const;
  readonly connections = new Set<ModelConnection>();

  logOf(mailbox: string): ModelLog {
    return firstSegment(mailbox) === 'a' ? this.logs[1] : this.logs[0];
  }

  logsOf(patterns: readonly Pattern[]): ModelLog[] {
    return this.logs.filter((log) => patterns.some(({ base }) => base === '' || this.logOf(base) === log));
  }

  publish(mailbox: string, data: unknown, id: string | undefined): { readonly cursor: string; readonly duplicate: boolean } {
    return this.#append(mailbox, { mailbox, data, ...(id !== undefined && { id }) });
  }

  purge(mailbox: string): string {
    return this.#append(mailbox, { mailbox, purged: true }).cursor;
  }

  #append(mailbox: string, entry: Parameters<ModelLog['append']>[0]): { readonly cursor: string; readonly duplicate: boolean } {
    const log = this.logOf(mailbox);
    const { position, duplicate } = log.append(entry);
    const stored = log.entries.find(({ seq }) => seq === position.seq);
    if (!duplicate && stored !== undefined) for (const connection of this.connections) connection.pass(log, log.message(stored));
    return { cursor: formatCursor(new Map([[log.name, position]])), duplicate };
  }

  /** The log has another history now: live readers are no longer. */
  fork(log: ModelLog, lost: number): void {
    log.fork(lost);
    for (const connection of this.connections) connection.fallBehind();
  }

  page(text: string, query: URLSearchParams): Page {
    const patterns = [parsePattern(text)];
    const logs = this.logsOf(patterns);
    const [after, last] = [query.get('after') ?? 'earliest', query.get('last')];
    if (after === 'now') return { messages: [], next: formatCursor(heads(logs)), complete: true };
    const mode = query.get('catchUp') === 'latest' ? 'latest' : 'every';
    const cursor = last !== null ? new Map(logs.map((log) => [log.name, log.startOfLast(patterns, Number(last))])) : placeOf(after);
    const limit = last !== null ? 1_000 : Math.min(PAGE, Number(query.get('limit') ?? PAGE));
    let room = limit;
    let gap: GapReason | undefined;
    const messages: Message[] = [];
    const next = new Map<string, Position>();
    for (const log of logs) {
      const page = log.page(patterns, mode, positionIn(cursor, log.name), room);
      room -= page.entries.length;
      gap ??= page.gap;
      next.set(log.name, page.next);
      messages.push(...page.entries.map((entry) => log.message(entry)));
    }
    return { messages, next: formatCursor(next), complete: gap === undefined, ...(gap !== undefined && { reason: gap }) };
  }

  connect(outbox: Outbox, format: 'socket' | 'stream'): ModelConnection {
    const connection = new ModelConnection(this, outbox, format);
    this.connections.add(connection);
    return connection;
  }
}

export class ModelConnection {
  readonly #server: ModelServer;
  readonly #outbox: Outbox;
  readonly #format: 'socket' | 'stream';
  readonly #readers = new Map<string, Reader>();
  #saidHeads = '';

  constructor(server: ModelServer, outbox: Outbox, format: 'socket' | 'stream') {
    this.#server = server;
    this.#outbox = outbox;
    this.#format = format;
    const limits = { frameBytes: 65_536, messageBytes: 524_288, subscriptions: 1_000 };
    if (format === 'socket') this.#frame({ type: 'hello', version: '0', region: 'local', heartbeatMs: 15_000, limits });
  }

  /** A frame of the client. */
  hear(frame: ClientFrame): void {
    const { ref } = frame;
    if (frame.type === 'publish') {
      this.#frame({ type: 'published', ref, ...this.#server.publish(frame.mailbox, frame.data, frame.id) });
    } else if (frame.type === 'subscribe') {
      this.follow(ref, [frame.mailbox], frame.catchUp ?? 'every', frame.after, frame.last);
    } else if (!this.#readers.delete(ref)) {
      this.#frame({ type: 'error', ref, code: 'REF_UNKNOWN', message: 'no subscription has this ref', retryable: false });
    }
  }

  follow(ref: string, mailboxes: readonly string[], mode: 'every' | 'latest', after: string | undefined, last?: number): void {
    const patterns = mailboxes.map(parsePattern);
    const logs = this.#server.logsOf(patterns);
    const from = after ?? (mode === 'latest' ? 'earliest' : 'now');
    let cursor: Cursor;
    if (last !== undefined) cursor = new Map(logs.map((log) => [log.name, log.startOfLast(patterns, last)]));
    else cursor = from === 'now' ? heads(logs) : placeOf(from);
    this.#readers.set(ref, {
      patterns,
      mode,
      fromNow: from === 'now' && last === undefined,
      cursor: new Map(cursor),
      isLive: false,
      hasBegun: false,
    });
  }

  /** Does the next small thing for those who catch up; and says where the live ones stand, where it has not yet. */
  work(): void {
    for (const [ref, reader] of this.#readers) {
      if (reader.isLive) continue;
      if (this.#outbox.size < HIGH_WATER) this.#catchUp(ref, reader);
      return;
    }
    if (this.#readers.size === 0 || this.#heads() === this.#saidHeads) return;
    const cursor = (this.#saidHeads = this.#heads());
    if (this.#format === 'stream') this.#outbox.say(`id: ${cursor}\n\n`);
    else this.#frame({ type: 'position', cursor });
  }

  #catchUp(ref: string, reader: Reader): void {
    const { patterns, mode, cursor } = reader;
    const logs = this.#server.logsOf(patterns);
    if (reader.fromNow && !reader.hasBegun) for (const log of logs) cursor.set(log.name, log.position);
    for (const log of logs) if (!cursor.has(log.name)) cursor.set(log.name, log.resume('earliest', mode).start);
    for (const log of logs) {
      const { start, gap } = log.resume(positionIn(cursor, log.name), mode);
      if (gap === undefined) continue;
      cursor.set(log.name, start);
      this.#begin(ref, reader, gap);
      return;
    }
    if (!reader.hasBegun) {
      this.#begin(ref, reader, undefined);
      return;
    }
    for (const log of logs) {
      const { entries, next } = log.page(patterns, mode, positionIn(cursor, log.name), PAGE);
      cursor.set(log.name, next);
      if (entries.length === 0) continue;
      const messages = entries.map((entry) => log.message(entry));
      this.#batch(ref, messages, formatCursor(cursor));
      return;
    }
    reader.isLive = true;
    const place = formatCursor(cursor);
    if (this.#format === 'stream') this.#outbox.say(`event: live\ndata: {"cursor":"${place}"}\n\n`);
    else this.#frame({ type: 'live', ref, cursor: place });
  }

  #begin(ref: string, reader: Reader, reason: GapReason | undefined): void {
    const cursor = formatCursor(reader.cursor);
    const told = reader.hasBegun;
    reader.hasBegun = true;
    if (this.#format === 'stream') {
      const retry = told ? '' : 'retry: 2000\n';
      this.#outbox.say(
        reason === undefined
          ? `${retry}id: ${cursor}\n\n`
          : `${retry}id: ${cursor}\nevent: gap\ndata: {"cursor":"${cursor}","reason":"${reason}"}\n\n`,
      );
    } else if (told && reason !== undefined) this.#frame({ type: 'gap', ref, cursor, reason });
    else if (reason !== undefined) this.#frame({ type: 'subscribed', ref, cursor, complete: false, reason });
    else this.#frame({ type: 'subscribed', ref, cursor, complete: true });
  }

  /** A new message, for everybody who is live. */
  pass(log: ModelLog, message: Message): void {
    const live = [...this.#readers.values()].filter(({ isLive }) => isLive);
    if (!live.some(({ patterns }) => patterns.some((pattern) => matches(pattern, message.mailbox)))) {
      for (const reader of live) this.#moveOn(reader, log);
      return;
    }
    if (this.#outbox.size >= HIGH_WATER) {
      this.fallBehind();
      return;
    }
    for (const reader of live) this.#moveOn(reader, log);
    this.#batch(undefined, [message], this.#heads());
  }

  fallBehind(): void {
    const live = [...this.#readers.values()].filter(({ isLive }) => isLive);
    if (live.length === 0) return;
    for (const reader of live) reader.isLive = false;
    if (this.#format === 'socket') this.#frame({ type: 'behind' });
  }

  drain(retryAfterMs: number): void {
    if (this.#format === 'stream') this.#outbox.say(`retry: ${retryAfterMs}\n\n`);
    else this.#frame({ type: 'drain', retryAfterMs });
    this.#outbox.end(4_000);
  }

  #moveOn(reader: Reader, log: ModelLog): void {
    if (reader.cursor.has(log.name)) reader.cursor.set(log.name, log.position);
  }

  #heads(): string {
    const patterns = [...this.#readers.values()].flatMap((reader) => reader.patterns);
    return formatCursor(heads(this.#server.logsOf(patterns)));
  }

  #batch(ref: string | undefined, messages: readonly Message[], cursor: string): void {
    if (this.#format === 'stream') {
      this.#outbox.say(`${messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join('')}id: ${cursor}\n\n`);
    } else this.#frame({ type: 'messages', ...(ref !== undefined && { for: [ref] }), cursor, messages: [...messages] });
  }

  #frame(frame: ServerFrame): void {
    this.#outbox.say(JSON.stringify(frame));
  }
}

function heads(logs: readonly ModelLog[]): Map<string, Position> {
  return new Map(logs.map((log) => [log.name, log.position]));
}

function placeOf(after: string): Cursor {
  return after === 'earliest' ? new Map() : parseCursor(after);
}
