import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchNats, NATS_VERSIONS, type Nats } from '../packages/testkit/src/index.js';
import { natsBinary } from '../packages/testkit/src/nats/binaries.js';
import { NatsClient } from './deploy/nats-client.js';

/** What `deploy/nats` allows and forbids, asked of the real servers: the oldest and the newest. */

const NATS = fileURLToPath(new URL('../deploy/nats', import.meta.url));
const STREAM = 'MAILBOX__';
const CONFIG = { name: STREAM, subjects: ['mailbox._', 'mailbox._.>', 'purged._', 'purged._.>'], storage: 'memory' };

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

  it('lets a router neither publish nor purge', async () => {
    const router = await as('router');
    for (const subject of ['mailbox._.demo', 'purged._.demo', `$JS.API.STREAM.PURGE.${STREAM}`]) {
      await expect(router.publish(subject, ''), subject).rejects.toThrow('Permissions Violation');
    }
  });
});
