import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentEpoch, type Entry, type NewEntry, OPEN, parsePattern } from '@restante/protocol';
import { eventually, launchNats, NATS_VERSIONS, type Nats, natsRequest } from '@restante/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { optionsFor } from '../../testing/nats-connection.js';
import type { Backend } from '../backend.js';
import type { AppendOutcome, Log, LogPage, TailBatch } from '../log.js';
import { openNatsBackend, recreateNatsLog } from './index.js';

/** What the contract cannot ask of every adapter: servers that go, streams that change under us, publishers that we do not know. */

const POLICY = { idWindowMs: 600_000 };

function text(mailbox: string, body: string, id?: string): NewEntry {
  return { mailbox, kind: 'text', data: Buffer.from(body), ...(id !== undefined && { id }) };
}

function bodies(entries: readonly Entry[]): string[] {
  return entries.map(({ data }) => Buffer.from(data).toString());
}

function readAll(log: Log, after: Parameters<Log['read']>[0]['after'] = 'earliest'): Promise<LogPage> {
  return log.read({ patterns: [parsePattern('/**')], after, mode: 'every', limit: 1_000, bytes: 1024 * 1024 });
}

/** Follows the log's tail, and checks that every batch joins the one before. */
class Follower {
  readonly entries: Entry[] = [];
  batches: TailBatch[] = [];
  readonly #abort = new AbortController();
  readonly #following: Promise<void>;

  constructor(log: Log) {
    this.#following = this.#follow(log);
  }

  async #follow(log: Log): Promise<void> {
    for await (const batch of log.tail('earliest', this.#abort.signal)) {
      const before = this.batches.at(-1);
      const hasForked = before !== undefined && currentEpoch(before.epochs) !== currentEpoch(batch.epochs);
      if (before !== undefined && !hasForked && batch.from !== before.upTo) throw new Error(`${batch.from} does not join ${before.upTo}`);
      this.batches.push(batch);
      this.entries.push(...batch.entries);
    }
  }

  reaches(body: string): Promise<unknown> {
    return eventually(`the tail at ${body}`, () => bodies(this.entries).includes(body), { timeoutMs: 20_000 });
  }

  async end(): Promise<void> {
    this.#abort.abort();
    await this.#following;
  }
}

describe.each(NATS_VERSIONS)('a log on one server, the %s', (version) => {
  let nats: Nats;
  let backends: Backend[] = [];
  beforeAll(async () => {
    nats = await launchNats({ version });
  });
  afterAll(() => nats.stop());
  afterEach(async () => {
    await Promise.all(backends.map((backend) => backend.close()));
    backends = [];
    for (const stream of ['MAILBOX__', 'MAILBOX_news', 'KV_restante_logs', 'BACKUP'])
      await natsRequest(nats.url, `$JS.API.STREAM.DELETE.${stream}`);
  });

  async function openLog(name = '_'): Promise<Log> {
    const backend = await openNatsBackend(optionsFor(nats));
    backends.push(backend);
    return backend.openLog(name, POLICY);
  }

  it('keeps the order of each mailbox, and loses nothing, while its server is killed and comes back', async () => {
    const log = await openLog();
    const follower = new Follower(log);
    const calls: Promise<readonly AppendOutcome[]>[] = [];
    for (let i = 0; i < 300; i += 1) {
      calls.push(log.append([text('/a', `a${i}`, `${i}`), text('/b', `b${i}`)]));
      if (i === 100) await nats.kill();
      if (i === 150) await nats.start();
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const outcomes = await Promise.all(calls);
    expect(outcomes.flat().filter(({ ok }) => !ok)).toEqual([]);
    await follower.reaches('b299');
    await follower.reaches('a299');
    const all = bodies(follower.entries);
    for (const mailbox of ['a', 'b']) {
      expect(all.filter((body) => body.startsWith(mailbox))).toEqual(Array.from({ length: 300 }, (_, i) => `${mailbox}${i}`));
    }
    await follower.end();
  });

  it('begins a new epoch when the stream was deleted and made anew, and gives no position of the new one an old name', async () => {
    const log = await openLog();
    const follower = new Follower(log);
    for (let i = 0; i < 5; i += 1) await log.append([text('/a', `old${i}`)]);
    await follower.reaches('old4');
    const old = { epoch: currentEpoch((await log.state()).epochs), seq: 3 };
    const { config } = (await natsRequest(nats.url, '$JS.API.STREAM.INFO.MAILBOX__')) as { config: object };
    await natsRequest(nats.url, '$JS.API.STREAM.DELETE.MAILBOX__');
    await natsRequest(nats.url, '$JS.API.STREAM.CREATE.MAILBOX__', config);
    for (let i = 0; i < 5; i += 1) await natsRequest(nats.url, 'mailbox._.a', `new${i}`);
    const [outcome] = await log.append([text('/a', 'new5')]);
    expect(outcome).toMatchObject({ ok: true, position: { seq: 6 } });
    expect(outcome).not.toMatchObject({ position: { epoch: old.epoch } });
    expect(await readAll(log, old)).toMatchObject({ complete: false, reason: 'history', start: 0 });
    await follower.reaches('new5');
    expect(bodies(follower.entries)).toEqual(['old0', 'old1', 'old2', 'old3', 'old4', 'new0', 'new1', 'new2', 'new3', 'new4', 'new5']);
    const forked = follower.batches.find(({ epochs }) => epochs.length === 2);
    expect(forked).toMatchObject({ from: 0 });
    await follower.end();
  });

  describe.each([
    ['of the stream alone', 'jetstream/$G/streams/MAILBOX__'],
    ['of everything, its record too', 'jetstream'],
  ])('with a backup %s', (_, part) => {
    it.each([
      ['shorter', 3],
      ['longer', 12],
    ])('finds where it ends, though it has grown since, and is %s than what was lost', async (__, grown) => {
      const log = await openLog();
      const follower = new Follower(log);
      const { storeFolder } = nats.server(0);
      const backup = await mkdtemp(join(tmpdir(), 'restante-backup-'));
      for (let i = 1; i <= 12; i += 1) await log.append([text('/a', `${i}`)]);
      await nats.kill();
      await cp(join(storeFolder, part), backup, { recursive: true });
      await nats.start();
      for (let i = 13; i <= 20; i += 1) await log.append([text('/a', `${i}`)]);
      await follower.reaches('20');
      const epoch = currentEpoch((await log.state()).epochs);
      await nats.kill();
      await rm(join(storeFolder, part), { recursive: true });
      await cp(backup, join(storeFolder, part), { recursive: true });
      await nats.start();
      for (let i = 1; i <= grown; i += 1) await natsRequest(nats.url, 'mailbox._.a', `again ${i}`);
      await follower.reaches(`again ${grown}`);
      const { epochs } = await log.state();
      expect(epochs.map(({ upTo }) => upTo)).toEqual([12, OPEN]);
      expect(await readAll(log, { epoch, seq: 12 })).toMatchObject({ complete: true, start: 12 });
      expect(await readAll(log, { epoch, seq: 13 })).toMatchObject({ complete: false, reason: 'history', start: 12 });
      expect(bodies(follower.entries)).toEqual([
        ...Array.from({ length: 20 }, (___, i) => `${i + 1}`),
        ...Array.from({ length: grown }, (___, i) => `again ${i + 1}`),
      ]);
      const late = await openLog();
      expect((await late.state()).epochs).toEqual(epochs);
      await follower.end();
      await rm(backup, { recursive: true });
    });
  });

  it('goes on where its record was deleted, and records it again', async () => {
    const log = await openLog();
    await log.append([text('/a', '1')]);
    const before = await log.state();
    await natsRequest(nats.url, '$JS.API.STREAM.DELETE.KV_restante_logs');
    expect(await log.append([text('/a', '2')])).toMatchObject([{ ok: true }]);
    const recorded = () => natsRequest(nats.url, '$JS.API.STREAM.MSG.GET.KV_restante_logs', { last_by_subj: '$KV.restante_logs._' });
    await eventually('the record', async () => !('error' in ((await recorded()) as object)));
    const late = await openLog();
    expect((await late.state()).epochs).toEqual(before.epochs);
    expect(bodies((await readAll(late, { epoch: currentEpoch(before.epochs), seq: 1 })).entries)).toEqual(['2']);
  });

  it('is told of a fork by another process, at once', async () => {
    const [one, two] = [await openLog(), await openLog()];
    await one.append([text('/a', '1')]);
    await recreateNatsLog(optionsFor(nats), '_', POLICY);
    const [a, b] = [await one.state(), await two.state()];
    expect(a.epochs).toEqual(b.epochs);
    expect(a.epochs.length).toBe(2);
  });

  it('refuses to go on where the stream is gone, and says how to mend it', async () => {
    const log = await openLog();
    await log.append([text('/a', '1')]);
    await natsRequest(nats.url, '$JS.API.STREAM.DELETE.MAILBOX__');
    expect(await log.append([text('/a', '2')])).toMatchObject([{ ok: false, error: { code: 'LOG_MISMATCH' } }]);
    await eventually('the trouble', () => backends[0]?.trouble()?.includes('restante log recreate _'));
    await expect(log.state()).rejects.toMatchObject({
      code: 'LOG_MISMATCH',
      message: expect.stringContaining('restante log recreate _') as string,
    });
    await expect(openLog()).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
  });

  it('asks for patience while the stream is away for a moment, and stores nothing later that it has refused', async () => {
    const log = await openLog();
    await log.append([text('/a', '1')]);
    await natsRequest(nats.url, '$JS.API.STREAM.DELETE.MAILBOX__');
    await expect(log.state()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE', retryable: true });
    const calls = ['2', '3', '4'].map((body) => log.append([text('/a', body)]));
    for (const outcomes of await Promise.all(calls)) expect(outcomes).toMatchObject([{ ok: false, error: { code: 'LOG_MISMATCH' } }]);
    await recreateNatsLog(optionsFor(nats), '_', POLICY);
    await eventually('the log', async () => (await log.append([text('/a', '5')]))[0]?.ok);
    expect(bodies((await readAll(log)).entries)).toEqual(['5']);
  });

  it('takes what others publish as it is, and never more than they may say', async () => {
    const log = await openLog();
    await backends[0]?.openLog('news', POLICY);
    const publish = (subject: string, body: string, headers: Record<string, string> = {}): Promise<unknown> =>
      natsRequest(nats.url, subject, body, { headers });
    await publish('mailbox._.a', '{"a":\n1}');
    await publish('mailbox._.a', 'no json');
    await publish('mailbox._.a', '{broken', { 'Mailbox-Kind': 'data', 'Content-Type': 'application/json' });
    await publish('mailbox._.a', '12', { 'Nats-Msg-Id': 'mine', 'Restante-Origin': 'desk' });
    await publish('mailbox._.meta.x', '1');
    await publish('purged._.a', '1');
    await publish('mailbox._.a/b', '1');
    await publish('mailbox._.news.forged', '1');
    await publish('mailbox._.a', 'x'.repeat(512 * 1024 + 1));
    await publish('mailbox._.a.b*c', '1');
    // The client throws at these headers, wherever it is asked for them.
    await publish('mailbox._.a', 'last', { 'bad key': 'x' });
    const follower = new Follower(log);
    await follower.reaches('last');
    await follower.end();
    const { entries, next, head } = await readAll(log);
    expect(entries.map(({ mailbox, kind, id, headers, data }) => [mailbox, kind, id, headers, Buffer.from(data).toString()])).toEqual([
      ['/a', 'data', undefined, undefined, '{"a": 1}'],
      ['/a', 'text', undefined, undefined, 'no json'],
      ['/a', 'base64', undefined, undefined, '{broken'],
      ['/a', 'data', 'mine', { 'restante-origin': 'desk' }, '12'],
      ['/a', 'text', undefined, undefined, 'last'],
    ]);
    expect(next).toBe(head);
    const [again] = await log.append([text('/b', 'other', 'mine')]);
    expect(again).toMatchObject({ ok: true, duplicate: false });
  });
});
