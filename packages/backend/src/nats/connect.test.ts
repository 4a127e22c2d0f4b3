import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nkeys } from '@nats-io/transport-node';
import { eventually, launchNats, NATS_VERSIONS, type Nats } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, optionsFor } from '../../testing/nats-connection.js';
import { createOperator } from '../../testing/nats-operator.js';
import { connectNats, diagnoseNats } from './connect.js';
import type { NatsBackendOptions, NatsCredentials, NatsEvent } from './options.js';

/** Logins, faults of configuration, and coming back, on real servers whose configuration changes from test to test. */

const SECRET = 'correct-horse-battery';
const user = nkeys.createUser();
const seed = Buffer.from(user.getSeed()).toString();

const ACCOUNTS = `
accounts {
  WITH: {
    jetstream: enabled
    users: [
      { user: app, password: "${SECRET}" }
      { nkey: ${user.getPublicKey()} }
      { user: deaf, password: "${SECRET}", permissions: { publish: { deny: ["$JS.API.>"] } } }
    ]
  }
  WITHOUT: { users: [ { user: poor, password: "${SECRET}" } ] }
}`;

const pemPath = (name: string): string => fileURLToPath(new URL(`../../testing/tls/${name}.pem`, import.meta.url));
const pem = (name: string): string => readFileSync(pemPath(name), 'utf8');

const TLS = `tls {
  cert_file: ${JSON.stringify(pemPath('server'))}
  key_file: ${JSON.stringify(pemPath('server-key'))}
  ca_file: ${JSON.stringify(pemPath('authority'))}
  verify: true
}`;

async function refusalOf(options: NatsBackendOptions): Promise<{ code: string; message: string }> {
  try {
    const connection = await connectNats(options);
    await connection.close();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it connected');
}

describe.each(NATS_VERSIONS)('on the %s NATS', (version) => {
  let nats: Nats;
  beforeAll(async () => {
    nats = await launchNats({ version, config: ACCOUNTS });
  });
  afterAll(() => nats.stop());

  async function reconfigured(settings: { config?: string; jetStream?: false }): Promise<void> {
    if (nats.server(0).isRunning) await nats.server(0).kill();
    await nats.server(0).start(settings);
  }

  async function expectWorks(credentials: NatsCredentials): Promise<void> {
    const connection = await connectTo(nats, { credentials });
    expect(connection.isConnected).toBe(true);
    expect(connection.trouble()).toBeUndefined();
    await connection.close();
    expect(connection.isConnected).toBe(false);
  }

  it('logs in with user and password, and with an NKey', async () => {
    await expectWorks({ user: 'app', password: SECRET });
    await expectWorks({ nkeySeed: seed });
  });

  it.each<[string, NatsCredentials | undefined, string]>([
    ['no credentials', undefined, 'nats.user: '],
    ['a wrong password', { user: 'app', password: `not-${SECRET}` }, 'nats.user: '],
    ['a token', { token: SECRET }, 'nats.token: '],
    ['an unknown NKey', { nkeySeed: Buffer.from(nkeys.createUser().getSeed()).toString() }, 'nats.nkeySeed: '],
  ])('refuses %s, names the setting, and repeats no secret', async (_, credentials, setting) => {
    const { code, message } = await refusalOf(optionsFor(nats, credentials === undefined ? {} : { credentials }));
    expect(code).toBe('BACKEND_REFUSED');
    expect(message).toContain(setting);
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain('\n');
  });

  it('refuses an account without JetStream, and a user who may not use it', async () => {
    for (const [name, setting] of [
      ['poor', 'jetstream: '],
      ['deaf', 'permissions: '],
    ] as const) {
      const { code, message } = await refusalOf(optionsFor(nats, { credentials: { user: name, password: SECRET } }));
      expect(code).toBe('BACKEND_REFUSED');
      expect(message).toContain(setting);
    }
  });

  it('refuses what is no seed and no credentials file before it asks a server', async () => {
    for (const credentials of [{ nkeySeed: SECRET }, { credentials: SECRET }]) {
      const { code, message } = await refusalOf(optionsFor(nats, { credentials }));
      expect(code).toBe('CONFIG_INVALID');
      expect(message).not.toContain(SECRET);
    }
    expect(await refusalOf(optionsFor(nats, { tls: { ca: 'no certificate' } }))).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses a server without JetStream, one whose payloads are too small, and one without encryption, all faults together', async () => {
    await reconfigured({ config: 'max_payload: 64KB', jetStream: false });
    const { code, message } = await refusalOf(optionsFor(nats));
    expect(code).toBe('BACKEND_REFUSED');
    expect(message).toContain('max_payload: ');
    expect(message).toContain('jetstream: ');
    expect(await refusalOf(optionsFor(nats, { tls: {} }))).toMatchObject({
      code: 'BACKEND_REFUSED',
      message: expect.stringContaining('nats.tls: '),
    });
    const findings = await diagnoseNats(optionsFor(nats));
    expect(findings.map(({ subject }) => subject).sort()).toEqual(['jetstream', 'max_payload']);
  });

  it('logs in with a token, tries every server before it gives up, and says what each one said', async () => {
    await reconfigured({ config: `authorization { token: "${SECRET}" }` });
    await expectWorks({ token: SECRET });
    const [server = ''] = optionsFor(nats).servers;
    const servers = ['127.0.0.1:9', server, '127.0.0.1:10'];
    const connection = await connectNats(optionsFor(nats, { servers, credentials: { token: SECRET } }));
    await connection.close();
    const { code, message } = await refusalOf(optionsFor(nats, { servers, credentials: { token: 'another' } }));
    expect(code).toBe('BACKEND_REFUSED');
    for (const address of servers) expect(message).toContain(address);
    const unreachable = await refusalOf(optionsFor(nats, { servers: ['127.0.0.1:9', '127.0.0.1:10'] }));
    expect(unreachable).toMatchObject({ code: 'LOG_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:10 cannot be reached') });
    expect(await diagnoseNats(optionsFor(nats, { credentials: { token: SECRET } }))).toEqual([]);
  });

  it('logs in with a credentials file, and refuses one that the server does not know', async () => {
    const operator = createOperator(nkeys);
    await reconfigured({ config: operator.config });
    await expectWorks({ credentials: operator.credentials });
    const { code, message } = await refusalOf(optionsFor(nats, { credentials: { credentials: createOperator(nkeys).credentials } }));
    expect(code).toBe('BACKEND_REFUSED');
    expect(message).toContain('nats.credentialsFile: ');
    expect(message).not.toContain('SEED');
  });

  it('encrypts with a certificate on both sides, and says which of them is missing or not trusted', async () => {
    await reconfigured({ config: TLS });
    const [ca, cert, key] = [pem('authority'), pem('client'), pem('client-key')];
    const connection = await connectTo(nats, { tls: { ca, cert, key } });
    await nats.server(0).kill();
    await eventually('it is seen to be gone', () => !connection.isConnected);
    await nats.server(0).start();
    await eventually('it is back', () => connection.isConnected);
    await connection.close();
    for (const [tls, setting] of [
      [undefined, 'nats.tls.ca: '],
      [{}, 'nats.tls.ca: '],
      [{ ca: pem('client'), cert, key }, 'nats.tls.ca: '],
    ] as const) {
      expect((await refusalOf(optionsFor(nats, tls === undefined ? {} : { tls }))).message).toContain(setting);
    }
  });

  it('comes back for ever: when the server was gone, and when it refused the login for a while', async () => {
    await reconfigured({ config: `authorization { token: "${SECRET}" }` });
    const events: NatsEvent[] = [];
    const connection = await connectTo(nats, { credentials: { token: SECRET }, onEvent: (event) => events.push(event) });
    let reconnects = 0;
    const end = connection.onReconnect(() => (reconnects += 1));

    await nats.server(0).kill();
    await eventually('it is seen to be gone', () => !connection.isConnected);
    expect(connection.trouble()).toContain(optionsFor(nats).servers[0]);
    await nats.server(0).start();
    await eventually('it is back', () => connection.isConnected && reconnects === 1);
    expect(connection.trouble()).toBeUndefined();

    await reconfigured({ config: 'authorization { token: "another" }' });
    await eventually('the refusal is told', () => /which said/.test(connection.trouble() ?? ''));
    expect(events.filter(({ type }) => type === 'refused').length).toBe(1);
    await reconfigured({ config: `authorization { token: "${SECRET}" }` });
    await eventually('it is back', () => connection.isConnected);

    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['disconnected', 'reconnected', 'refused']));

    end();
    const before = reconnects;
    await reconfigured({ config: `authorization { token: "${SECRET}" }` });
    await eventually('it is back', () => connection.isConnected && events.at(-1)?.type === 'reconnected');
    expect(reconnects).toBe(before);
    await connection.close();
    expect(connection.trouble()).toBeDefined();
  });
});

describe('whatever the version', () => {
  let nats: Nats;
  beforeAll(async () => {
    nats = await launchNats({ config: TLS });
  });
  afterAll(() => nats.stop());

  it('leaves a server that is silent', async () => {
    const tls = { ca: pem('authority'), cert: pem('client'), key: pem('client-key') };
    const connection = await connectTo(nats, { tls });
    nats.server(0).pause();
    await eventually('the silence is noticed', () => !connection.isConnected, { timeoutMs: 15_000 });
    nats.server(0).continue();
    await eventually('it is back', () => connection.isConnected);
    await connection.close();
  });

  it('thinks of a missing certificate where a server lets it wait', async () => {
    const { message } = await refusalOf(optionsFor(nats, { tls: { ca: pem('authority') } }));
    expect(message).toContain('set nats.tls.cert and nats.tls.key');
  });
});
