import { matches, parseCursor, parsePattern } from '@restante/protocol';
import { hashOfBody, judge, type ReaderRecord, Recorder, recordPublish, seededRandom } from '@restante/testkit';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ModelClock } from '../../testing/model-clock.js';
import { ModelNetwork } from '../../testing/model-network.js';
import { ModelServer } from '../../testing/model-server.js';
import { Client } from '../client.js';
import type { Message } from '../options.js';
import type { Subscription } from '../subscription.js';
import type { View } from '../view.js';

/**
 * The real client against a modelled server and network, with random schedules: connections break at any point, closes come late, two
 * connections overlap, transports are blocked, machines sleep, consumers dawdle, logs fork and forget. The history that the application
 * saw goes to the judge: I2, I3 and I8 hold, and nothing of all this is visible but gaps that are justified.
 */

const MAILBOXES = ['/a/1', '/a/2', '/b/1', '/b/2', '/b/2/3'];
const PATTERNS = ['/a/1', '/a/*', '/b/**', '/**'];

const oneOf = (from: readonly string[], which: number): string => from.at(which % from.length) ?? '';

interface Following {
  readonly name: string;
  readonly pattern: string;
  readonly record: ReaderRecord;
  readonly subscription: Subscription;
  readonly catchUp: 'every' | 'latest';
  last: Message | undefined;
  isOver: boolean;
}

class Run {
  readonly recorder = new Recorder();
  readonly server = new ModelServer();
  readonly network = new ModelNetwork(this.server);
  readonly clock: ModelClock;
  readonly client: Client;
  readonly followings: Following[] = [];
  readonly views: { readonly pattern: string; readonly view: View }[] = [];
  readonly publishing = new Set<Promise<void>>();
  #published = 0;
  #subscribed = 0;

  constructor(seed: number) {
    this.clock = new ModelClock(seededRandom(seed));
    this.client = new Client(['http://one', 'http://two'], { webSocket: this.network.webSocket, fetch: this.network.fetch }, this.clock);
  }

  readonly settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  // ---- what happens

  publish(which: number): void {
    const { mailbox, id, data, sent } = this.#next(which);
    const call = { publisher: 'others', call: this.#published, start: this.recorder.tick() };
    recordPublish(this.recorder, call, [sent], [{ outcome: 'stored', cursor: this.server.publish(mailbox, data, id).cursor }]);
  }

  publishByClient(which: number): void {
    const { mailbox, id, data, sent } = this.#next(which);
    const call = { publisher: 'client', call: this.#published, start: this.recorder.tick() };
    const publishing = this.client
      .publish(mailbox, data, { id })
      .then(({ cursor, duplicate }) =>
        recordPublish(this.recorder, call, [sent], [{ outcome: duplicate ? 'duplicate' : 'stored', cursor }]),
      )
      .then(() => void this.publishing.delete(publishing));
    this.publishing.add(publishing);
  }

  purge(which: number): void {
    const mailbox = oneOf(MAILBOXES, which);
    for (const [log, position] of parseCursor(this.server.purge(mailbox)))
      this.recorder.record({ type: 'purge', mailbox, outcome: 'stored', log, position });
  }

  follow(which: number): void {
    const pattern = oneOf(PATTERNS, which);
    const catchUp = which % 3 === 0 ? 'latest' : 'every';
    this.#follow(pattern, catchUp, which % 2 === 0 ? 'earliest' : 'now');
  }

  /** Ends one, and begins another with its cursor, as a page does that was closed and opened again. */
  resume(which: number): void {
    const before = this.followings[which % Math.max(1, this.followings.length)];
    const after = before?.subscription.cursor;
    if (before === undefined || before.isOver || after === undefined) return;
    before.subscription.close();
    this.#follow(before.pattern, before.catchUp, after);
  }

  #follow(pattern: string, catchUp: 'every' | 'latest', after: string): void {
    const name = `${++this.#subscribed}: ${pattern} ${catchUp} after ${after}`;
    const record = this.recorder.reader(name, [pattern], catchUp);
    record.connected(after);
    const subscription = this.client.subscribe(pattern, { catchUp, after, bufferMessagesMax: 4 });
    const following: Following = { name, pattern, record, subscription, catchUp, last: undefined, isOver: false };
    const place = (): void => {
      if (subscription.cursor !== undefined) record.position(subscription.cursor);
    };
    subscription.on('live', place);
    subscription.on('gap', ({ reason, cursor }) => {
      place();
      record.gap(cursor, reason);
    });
    this.followings.push(following);
  }

  view(which: number): void {
    const pattern = oneOf(PATTERNS, which);
    this.views.push({ pattern, view: this.client.view(pattern) });
  }

  /** The application takes some of what waits for it. */
  async take(which: number, count: number): Promise<void> {
    const following = this.followings[which % Math.max(1, this.followings.length)];
    if (following === undefined) return;
    for (let i = 0; i < count; i++) if (!(await this.#takeOne(following))) return;
  }

  async #takeOne(following: Following): Promise<boolean> {
    const { subscription, record } = following;
    const giveUp = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
    const iterator = pending.get(following) ?? subscription[Symbol.asyncIterator]().next();
    pending.set(following, iterator);
    const result = await Promise.race([iterator, giveUp]);
    if (result === undefined) return false;
    pending.delete(following);
    if (result.done === true) {
      following.isOver = true;
      return false;
    }
    record.message(result.value);
    following.last = result.value;
    return true;
  }

  // ---- how it ends

  async finish(): Promise<void> {
    const { network, clock, server } = this;
    network.isDown = network.blocksSockets = network.blocksStreams = false;
    const isDone = (): boolean =>
      this.publishing.size === 0 &&
      this.followings.every((following) => following.isOver || (following.subscription.isLive && this.#isAtEnd(following))) &&
      this.views.every(({ pattern, view }) => view.isLive && isDeepStrictEqual(contentsOf(this.#retained(view)), this.#newest(pattern)));
    // Long enough for the longest pause, and for two silent connections after it.
    for (let round = 0; round < 1_000 && !isDone(); round++) {
      let delivered = 0;
      while (delivered < 2_000 && network.deliver(round)) {
        delivered++;
        if (delivered % 5 === 0) await this.settle();
      }
      await this.settle();
      for (const [i] of this.followings.entries()) await this.take(i, 1_000);
      if (delivered === 0) await clock.pass(200, this.settle);
    }
    if (!isDone()) this.#explain();
    // What an iterator was given at last.
    for (const [i] of this.followings.entries()) await this.take(i, 1_000);
    for (const { record, isOver } of this.followings) if (!isOver) record.end();
    const verdict = judge(
      this.recorder.events,
      server.logs.map((log) => log.final()),
    );
    expect(verdict.ok ? '' : verdict.text).toBe('');
    await this.client.close();
    await this.settle();
    expect(clock.timers).toBe(0);
  }

  /** Nobody is told of messages that grow too old: a view that was there before still shows them. */
  #retained(view: View): (readonly [string, Message])[] {
    return [...view].filter(([mailbox, { cursor }]) => {
      const log = this.server.logOf(mailbox);
      return (parseCursor(cursor).get(log.name)?.seq ?? 0) > log.floor;
    });
  }

  #explain(): never {
    const where = this.followings.map(({ name, subscription: { isLive, cursor }, isOver }) => ({ name, isLive, cursor, isOver }));
    const views = this.views.map(({ pattern, view }) => ({
      pattern,
      isLive: view.isLive,
      has: contentsOf(view),
      wants: this.#newest(pattern),
    }));
    const heads = this.server.logs.map(({ name, position }) => ({ name, ...position }));
    throw new Error(
      `never at the end: ${JSON.stringify({ state: this.client.state, publishing: this.publishing.size, where, views, heads }, null, 1)}`,
    );
  }

  /** Has it taken the newest message that concerns it, and been told of the history that it is in? */
  #isAtEnd({ pattern, subscription }: Following): boolean {
    const cursor = subscription.cursor === undefined ? new Map() : parseCursor(subscription.cursor);
    const parsed = parsePattern(pattern);
    return this.server.logsOf([parsed]).every((log) => {
      const { epoch, seq } = cursor.get(log.name) ?? {};
      return epoch === log.position.epoch && seq >= log.newestOf(parsed);
    });
  }

  #newest(text: string): Record<string, unknown> {
    const pattern = parsePattern(text);
    const newest: Record<string, unknown> = {};
    for (const log of this.server.logs)
      for (const { mailbox, data, purged } of log.entries) {
        if (!matches(pattern, mailbox)) continue;
        if (purged) delete newest[mailbox];
        else newest[mailbox] = data;
      }
    return newest;
  }

  #next(which: number) {
    const mailbox = oneOf(MAILBOXES, which);
    const n = ++this.#published;
    const data = { n };
    return { mailbox, data, id: `m${n}`, sent: { mailbox, id: `m${n}`, hash: hashOfBody({ data }) } };
  }
}

const pending = new WeakMap<Following, Promise<IteratorResult<Message, undefined>>>();

function contentsOf(view: Iterable<readonly [string, Message]>): Record<string, unknown> {
  return Object.fromEntries([...view].map(([mailbox, { data }]) => [mailbox, data]));
}

/** What may happen; the number says to whom, or how much. */
const EVENTS = {
  publish: (run, n) => run.publish(n),
  publishByClient: (run, n) => run.publishByClient(n),
  purge: (run, n) => run.purge(n),
  follow: (run, n) => run.followings.length < 6 && run.follow(n),
  resume: (run, n) => run.resume(n),
  view: (run, n) => run.views.length < 2 && run.view(n),
  take: (run, n) => run.take(n, n % 7),
  deliver: async (run, n) => {
    for (let i = 0; i < n; i++) {
      run.network.deliver(n + i * 7);
      if (i % 3 === 0) await run.settle();
    }
  },
  cut: (run) => run.network.cut(),
  hole: (run) => run.network.hole(),
  down: (run) => {
    run.network.isDown = true;
    run.network.cut();
  },
  up: (run) => void (run.network.isDown = false),
  blockSockets: (run, n) => void (run.network.blocksSockets = n % 2 === 0),
  blockStreams: (run, n) => void (run.network.blocksStreams = n % 2 === 0),
  pass: (run, n) => run.clock.pass(n * n * 20, run.settle),
  sleep: async (run, n) => {
    run.clock.sleep(n * 2_000);
    await run.clock.pass(0, run.settle);
  },
  wake: (run) => run.clock.event('wake'),
  offline: (run) => run.clock.event('offline'),
  // One log forks and the other does not: of a page's gap nobody says which log it is in.
  fork: (run, n) => run.server.fork(run.server.logs[0], n % 4),
  retain: (run, n) => run.server.logs[n % 2]?.retain(n % 9),
  behind: (run) => run.server.connections.forEach((connection) => connection.fallBehind()),
  drain: (run, n) => [...run.server.connections].forEach((connection) => connection.drain(n * 10)),
} satisfies Record<string, (run: Run, n: number) => unknown>;

type EventName = keyof typeof EVENTS;

const WEIGHTS: Partial<Record<EventName, number>> = { publish: 8, deliver: 14, take: 5, publishByClient: 3, pass: 4 };

const schedules = fc.array(
  fc.tuple(
    fc.oneof(...(Object.keys(EVENTS) as EventName[]).map((name) => ({ arbitrary: fc.constant(name), weight: WEIGHTS[name] ?? 1 }))),
    fc.nat({ max: 40 }),
  ),
  { minLength: 10, maxLength: 90 },
);

it('shows every message once and in order, whatever becomes of its connections', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), schedules, async (seed, schedule) => {
      const run = new Run(seed);
      run.follow(seed % 12);
      for (const [name, n] of schedule) {
        await EVENTS[name](run, n);
        await run.settle();
      }
      await run.finish();
    }),
    { numRuns: Number(process.env['RESTANTE_MODEL_RUNS'] ?? 60) },
  );
});
