import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger, loadConfig } from '@restante/runtime';
import { Child, launchNats, NATS_VERSIONS, type Nats, natsRequest } from '@restante/testkit';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startRoles } from '../start.js';
import { finished } from '../testing/command.js';
import { listenLikeNats } from '../testing/little-nats.js';

/** Each fault of a NATS and of its configuration, against real servers: which setting, what is wrong, how to mend it. */

const BIN = fileURLToPath(new URL('../../bin/restante.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'restante-doctor-'));
let nats: Nats | undefined;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await nats?.stop();
  nats = undefined;
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function launched(options: Parameters<typeof launchNats>[0] = {}): Promise<Nats> {
  nats = await launchNats(options);
  return nats;
}

function file(namespaces: string): string {
  const path = join(folder, 'restante.yaml');
  writeFileSync(path, `namespaces: ${namespaces}\n`);
  return path;
}

const NEWS = '{ news: { read: public, publish: public } }';

/** What doctor and a process that is to serve say of it; the latter must refuse, in words, with this code. */
async function told(backend: string, refusedWith: number, ...args: readonly string[]): Promise<string> {
  const flags = ['--backend', backend, '--config', file(NEWS), ...args];
  const doctor = await finished(['doctor', ...flags]);
  expect(doctor).toMatchObject({ code: 1, err: '' });
  // A process of its own: one that serves listens to the signals of its process.
  const env = Object.fromEntries(Object.keys(process.env).flatMap((name) => (name.startsWith('RESTANTE_') ? [[name, undefined]] : [])));
  const gateway = new Child({ command: process.execPath, args: [BIN, 'gateway', '--port', '0', ...flags], env });
  expect(await gateway.exited).toEqual({ code: refusedWith, signal: null });
  expect(gateway.stdout).toBe('');
  expect(gateway.stderr).toMatch(/^restante: .+\n$/);
  for (const text of [doctor.out, gateway.stderr]) {
    expect(text).not.toMatch(/hunter2|\n {4}at /);
  }
  return doctor.out;
}

const at = (url: string, login: string) => url.replace('//', `//${login}@`);

describe('a fault of configuration is told by doctor, and refused by a process that is to serve', () => {
  it('credentials that are wrong, or missing', async () => {
    const { url } = await launched({ config: 'authorization { user: me, password: right }' });
    expect(await told(at(url, 'me:hunter2'), 2)).toMatch(/^bad +nats\.user +\S+ does not take the credentials/m);
    expect(await told(url, 2)).toMatch(/^bad +nats\.user +\S+ wants credentials, and none are configured: set nats\.user/m);
    expect(await told(url, 2, '--nats-token', 'hunter2')).toMatch(/^bad +nats\.token /m);
  });

  it('servers without JetStream', async () => {
    const { url } = await launched({ jetStream: false });
    expect(await told(url, 2)).toMatch(/^bad +jetstream +no server here runs JetStream: add jetstream to the configuration/m);
  });

  it('a max_payload that is too small for the messages', async () => {
    const { url } = await launched({ config: 'max_payload: 66KB' });
    expect(await told(url, 2)).toMatch(/^bad +max_payload .* raise max_payload in the server's configuration/m);
    expect((await finished(['doctor', '--backend', url, '--message-bytes-max', '2KiB', '--config', file(NEWS)])).out).not.toContain('bad');
  });

  it('more copies than there are servers', async () => {
    const { url } = await launched();
    expect(await told(url, 2, '--nats-replicas', '3')).toMatch(/^bad +backend +nats\.replicas: .* this one stands alone: set it to 1/m);
  });

  it('a server that is too old', async () => {
    const old = await listenLikeNats('2.8.4');
    closing.push(() => old.close());
    expect(await told(old.url, 2)).toMatch(/^bad +nats-server +its version is 2\.8\.4, and 2\.9\.10 is the oldest that works/m);
  });

  it('servers that cannot be reached', async () => {
    expect(await told('nats://127.0.0.1:1', 3)).toMatch(/^bad +backend +127\.0\.0\.1:1 cannot be reached \(nothing listens there\)/m);
  });

  it('a server that offers no encryption', async () => {
    const { url } = await launched();
    expect(await told(url.replace('nats:', 'tls:'), 2)).toMatch(/^bad +nats\.tls +\S+ offers no encryption/m);
  });

  it('a stream that somebody made with other settings', async () => {
    const { url } = await launched();
    const made = await natsRequest(url, '$JS.API.STREAM.CREATE.MAILBOX_news', {
      name: 'MAILBOX_news',
      subjects: ['mailbox.news', 'mailbox.news.>'],
      storage: 'memory',
      retention: 'limits',
      num_replicas: 1,
    });
    expect(made).not.toHaveProperty('error');
    expect(await told(url, 1)).toMatch(/^bad +log news +stream MAILBOX_news is not as Restante makes it: .*storage is memory/m);
  });
});

/** As a start does: makes what is configured, stores this many messages, and is gone again. */
async function served(backend: string, namespaces: string, messages = 0): Promise<void> {
  const { config } = loadConfig({
    file: file(namespaces),
    env: {},
    flags: new Map(Object.entries({ '--backend': backend, '--port': '0', '--drain-ms': '0' })),
  });
  const gateway = await startRoles(['gateway'], config, { logger: createLogger({ level: 'silent', format: 'json' }) });
  for (let n = 0; n < messages; n += 1) await fetch(`${gateway.address}/v1/mailboxes/news/a`, { method: 'POST', body: 'x' });
  await gateway.stop();
}

describe('of a NATS that can be used, doctor', () => {
  const look = async (url: string, namespaces = NEWS) => finished(['doctor', '--backend', url, '--config', file(namespaces)]);

  it.each(NATS_VERSIONS)('tells of servers, durability and each log, and makes no stream (%s)', async (version) => {
    const { url } = await launched({ version });
    const before = await look(url);
    expect(before.code).toBe(0);
    expect(before.out).toMatch(/^ok +durability +Stored is written by one NATS server/m);
    expect(before.out).toMatch(/^ok +nats +\S+: nats-server 2\.\d+\.\d+, alone, with JetStream; max_payload is 1048576 bytes$/m);
    expect(before.out).toMatch(/^note log news +stream MAILBOX_news is not there yet: the first start makes it$/m);
    await served(url, NEWS, 3);
    const after = await look(url);
    expect(after.out).toMatch(
      /^ok +log news +epoch [a-z0-9]+ \(1 in its line\), head 3, floor 0; 3 entries in \d+ bytes, storage file, on one server$/m,
    );
    expect(after.code).toBe(0);
  });

  it('tells what two configurations disagree on, and changes nothing', async () => {
    const { url } = await launched();
    const aged = (age: string) => `{ news: { read: public, publish: public, history: { age: ${age} } } }`;
    await served(url, aged('1h'));
    for (const _ of [1, 2]) {
      const { code, out } = await look(url, aged('2h'));
      expect(code).toBe(1);
      expect(out).toMatch(/^bad +log news +history\.age is .* where .* is wanted: .*two configurations disagree/m);
    }
    expect((await look(url, aged('1h'))).code).toBe(0);
    const other = await look(url, '{ sport: { read: public, publish: public } }');
    expect(other.out).toMatch(/^note log news +is recorded, and no namespace of this configuration has it/m);
  });

  it('tells how many messages are skipped, and of which subjects', async () => {
    const { url } = await launched();
    await served(url, NEWS);
    for (const _ of [1, 2]) await natsRequest(url, 'mailbox.news.a+b');
    expect((await look(url)).out).toMatch(/^note log news +2 messages are skipped, .*: "mailbox\.news\.a\+b"$/m);
  });

  it('tells that the stream holds another history than was recorded', async () => {
    const { url } = await launched();
    await served(url, NEWS, 2);
    const { config } = (await natsRequest(url, '$JS.API.STREAM.INFO.MAILBOX_news')) as { config: object };
    await natsRequest(url, '$JS.API.STREAM.DELETE.MAILBOX_news');
    await natsRequest(url, '$JS.API.STREAM.CREATE.MAILBOX_news', config);
    expect((await look(url)).out).toMatch(/^note log news +the stream holds another history than was recorded/m);
    await served(url, NEWS);
    expect((await look(url)).out).not.toContain('another history');
  });

  it('tells that a stream is missing, which is made anew by log recreate, or another one, which log adopt takes over', async () => {
    const { url } = await launched();
    await served(url, NEWS, 2);
    await natsRequest(url, '$JS.API.STREAM.DELETE.MAILBOX_news');
    const { code, out } = await look(url);
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^bad +log news +stream MAILBOX_news is missing.* restante log recreate news$/m),
    ]);
    const flags = ['--backend', url, '--config', file(NEWS)];
    expect(await finished(['log', 'adopt', 'news', ...flags])).toMatchObject({
      code: 1,
      err: 'restante: there is no stream MAILBOX_news\n',
    });
    expect(await finished(['log', 'recreate', 'news', '--yes', ...flags])).toMatchObject({
      code: 0,
      out: 'news: made anew, empty, under a new epoch\n',
    });
    expect((await look(url)).out).toMatch(/^ok +log news +epoch [a-z0-9]+ \(2 in its line\), head 0, floor 0;/m);
    expect(await finished(['log', 'adopt', ...flags])).toMatchObject({ code: 0, out: 'news: adopted, under a new epoch\n' });
    expect((await look(url)).out).toMatch(/\(\d in its line\), head 0/);
  });
});
