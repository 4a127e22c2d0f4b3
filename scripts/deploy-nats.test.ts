import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, type Log, subjects } from '../packages/backend/src/index.js';
import { type NatsEvent, openNatsBackend } from '../packages/backend/src/nats/index.js';
import { LIMITS, parsePattern } from '../packages/protocol/src/index.js';
import { launchNats, NATS_VERSIONS, type Nats } from '../packages/testkit/src/index.js';
import { natsBinary } from '../packages/testkit/src/nats/binaries.js';
import { NatsClient } from './deploy/nats-client.js';

/** What `deploy/nats` allows and forbids, asked of the real servers: the oldest and the newest. */

const NATS = fileURLToPath(new URL('../deploy/nats', import.meta.url));
const STREAM = 'MAILBOX__';
const CONFIG = { name: STREAM, subjects: ['mailbox._', 'mailbox._.>', 'purged._', 'purged._.>'], storage: 'memory' };

const EVERYTHING = { patterns: [parsePattern('/**')], after: 'earliest', limit: 10, bytes: 100_000 } as const;

async function publishesAndReads(log: Log): Promise<void> {
  const mailbox = `/${log.name}/room`;
  const data = Buffer.from('1');
  const [stored] = await log.append([{ mailbox, id: 'a', kind: 'data', data }]);
  expect(stored).toMatchObject({ ok: true, duplicate: false });
  expect(await log.append([{ mailbox, id: 'a', kind: 'data', data }])).toMatchObject([{ ok: true, duplicate: true }]);
  for (const mode of ['every', 'latest'] as const) expect((await log.read({ ...EVERYTHING, mode })).entries).toHaveLength(1);
  expect((await log.readNewest(EVERYTHING)).entries).toHaveLength(1);
  await log.purge(mailbox);
  expect((await log.read({ ...EVERYTHING, mode: 'every' })).entries).toMatchObject([{ kind: 'purged' }]);
  expect((await log.state()).head).toBe(2);
}

function speaksWithRouters({ bus }: Backend, log: Log): void {
  bus.subscribe(subjects.edge('local', 'e'), () => {});
  bus.publish(subjects.router('local', log.name), Buffer.from('1'));
  bus.publish(subjects.instance('local', 'i'), Buffer.from('1'));
}

async function tails({ bus, lease }: Backend, log: Log): Promise<void> {
  const ending = new AbortController();
  for await (const batch of log.tail('earliest', ending.signal)) {
    expect(batch.upTo).toBe(0);
    break;
  }
  ending.abort();
  expect((await log.read({ ...EVERYTHING, mode: 'latest' })).entries).toEqual([]);
  expect(await lease.hold(log.name, 'me', 10_000)).toBe('me');
  await lease.release(log.name, 'me');
  bus.subscribe(subjects.router('local', log.name), () => {});
  bus.subscribe(subjects.instance('local', 'i'), () => {});
  bus.publish(subjects.edge('local', 'e'), Buffer.from('1'));
}

/** What each part does with its backend. */
const WORK: Readonly<Record<'edge' | 'router' | 'gateway', (backend: Backend, log: Log) => Promise<void>>> = {
  async edge(backend, log) {
    await publishesAndReads(log);
    speaksWithRouters(backend, log);
  },
  router: tails,
  gateway: (_, log) => publishesAndReads(log),
};

/** Every user's password is its name. */
function accounts(): string {
  return readFileSync(`${NATS}/accounts.conf`, 'utf8').replaceAll(/\$NATS_(\w+)_PASSWORD/g, (_, user: string) => user.toLowerCase());
}

/** A word for each variable that the files name. */
function environment(): Record<string, string> {
  const text = ['nats.conf', 'accounts.conf'].map((file) => readFileSync(`${NATS}/${file}`, 'utf8')).join('');
  const names = [...text.matchAll(/(?<=[\s[])\$(NATS_\w+)/g)].map(([, name = '']) => name);
  return Object.fromEntries(names.map((name) => [name, name.startsWith('NATS_ROUTE_') ? `nats://route:p@${name}:6222` : 'p']));
}

describe.each(NATS_VERSIONS)('nats-server, the %s that Restante works with', (version) => {
  let nats: Nats;
  const open: NatsClient[] = [];

  async function as(user: string, password = user): Promise<NatsClient> {
    const client = await NatsClient.connect(nats.url, user, password);
    open.push(client);
    return client;
  }

  beforeAll(async () => {
    nats = await launchNats({ version, config: accounts() });
    const operator = await as('operator');
    expect(JSON.parse(await operator.request(`$JS.API.STREAM.CREATE.${STREAM}`, JSON.stringify(CONFIG)))).not.toHaveProperty('error');
    await operator.request(
      '$JS.API.STREAM.CREATE.KV_restante_logs',
      JSON.stringify({ name: 'KV_restante_logs', subjects: ['$KV.restante_logs.>'], storage: 'memory' }),
    );
  });

  afterAll(async () => {
    for (const client of open) client.close();
    await nats.stop();
  });

  /** Messages in the stream, by subject. */
  async function stored(stream = STREAM): Promise<Record<string, number>> {
    const info = await (await as('operator')).request(`$JS.API.STREAM.INFO.${stream}`, JSON.stringify({ subjects_filter: '>' }));
    return (JSON.parse(info) as { state: { subjects?: Record<string, number> } }).state.subjects ?? {};
  }

  it('takes the configuration', async () => {
    const { stderr } = spawnSync(await natsBinary(version), ['-t', '-c', `${NATS}/nats.conf`], { env: environment(), encoding: 'utf8' });
    expect(stderr).toMatch(/is valid( \(sha256:\w+\))?\n$/);
  });

  it('lets in nobody without a password, or with a wrong one', async () => {
    await expect(as('publisher', 'wrong')).rejects.toThrow('Authorization Violation');
    await expect(as('', '')).rejects.toThrow('Authorization Violation');
  });

  it('acknowledges what a publisher sends to its mailboxes, from its account into the one with the streams', async () => {
    const before = (await stored())['mailbox._.demo.hello'] ?? 0;
    const answer = JSON.parse(await (await as('publisher')).request('mailbox._.demo.hello', '{"n":1}'));
    expect(answer).toMatchObject({ stream: STREAM });
    expect((await stored())['mailbox._.demo.hello']).toBe(before + 1);
  });

  it.each([
    'mailbox.elections.ohio',
    'purged._.demo',
    'restante.local.edge.x',
    '$JS.API.STREAM.DELETE.MAILBOX__',
    '$JS.API.STREAM.NAMES',
    '$KV.restante_logs._',
  ])('refuses what a publisher sends to %s', async (subject) => {
    await expect((await as('publisher')).publish(subject, 'x')).rejects.toThrow('Permissions Violation');
  });

  it.each(['mailbox.>', 'restante.>', '>', '$KV.>'])('does not let a publisher listen to %s', async (subject) => {
    await expect((await as('publisher')).subscribe(subject)).rejects.toThrow('Permissions Violation');
  });

  /** JetStream answers on whatever subject a publish names, with its own rights. */
  it.each(['purged._.demo.hello', 'mailbox.elections.ohio', '$KV.restante_logs._', '$JS.API.STREAM.PURGE.MAILBOX__'])(
    'lets no acknowledgement be aimed at %s',
    async (reply) => {
      const publisher = await as('publisher');
      const before = await stored();
      await publisher.publish('mailbox._.aimed', 'x', reply);
      await publisher.request('mailbox._.aimed', 'y');
      expect(await stored()).toEqual({ ...before, 'mailbox._.aimed': (before['mailbox._.aimed'] ?? 0) + 2 });
      expect(await stored('KV_restante_logs')).toEqual({});
    },
  );

  it.each(['edge', 'router', 'gateway'])('does not let a %s delete, restore or hand over a stream', async (role) => {
    const client = await as(role);
    for (const subject of ['DELETE', 'RESTORE', 'SNAPSHOT', 'LEADER.STEPDOWN', 'PEER.REMOVE'].map(
      (action) => `$JS.API.STREAM.${action}.${STREAM}`,
    )) {
      await expect(client.publish(subject, ''), subject).rejects.toThrow('Permissions Violation');
    }
  });

  describe.each(['edge', 'router', 'gateway'] as const)('a process that is the user %s', (role) => {
    it('may do all that its part does', async () => {
      const denied: NatsEvent[] = [];
      const backend = await openNatsBackend({
        servers: [new URL(nats.url).host],
        credentials: { user: role, password: role },
        region: 'local',
        name: role,
        messageBytesMax: LIMITS.messageBytesMax,
        onEvent: (event) => event.type === 'denied' && denied.push(event),
      });
      try {
        await WORK[role](backend, await backend.openLog(role, { idWindowMs: 600_000 }));
      } finally {
        await backend.close();
      }
      expect(denied).toEqual([]);
    });
  });

  it('lets a router neither publish nor purge', async () => {
    const router = await as('router');
    for (const subject of ['mailbox._.demo', 'purged._.demo', `$JS.API.STREAM.PURGE.${STREAM}`]) {
      await expect(router.publish(subject, ''), subject).rejects.toThrow('Permissions Violation');
    }
  });
});
