import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { NATS_VERSIONS } from './binaries.js';
import { launchNats, type Nats, type NatsOptions } from './launch-nats.js';
import { natsInfo, natsRequest } from './nats-request.js';
import { type NatsProxies, throughProxies } from './through-proxies.js';

let nats: Nats;

async function launch(options: NatsOptions): Promise<void> {
  nats = await launchNats(options);
}

afterEach(() => nats.stop());

function createStream(name: string, url = nats.url): Promise<unknown> {
  return natsRequest(url, `$JS.API.STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], max_bytes: 2 ** 30 });
}

async function lastSeq(stream: string, url: string): Promise<number> {
  const { state } = (await natsRequest(url, `$JS.API.STREAM.INFO.${stream}`)) as { state: { last_seq: number } };
  return state.last_seq;
}

describe.each(NATS_VERSIONS)('a nats-server, the %s', (version) => {
  it('is of that version', async () => {
    await launch({ version });
    const { version: told } = (await nats.server(0).monitor('varz')) as { version: string };
    expect(told).toMatch(version === 'oldest' ? /^2\.9\./ : /^2\.(1\d|[2-9]\d)\.|^[3-9]\./);
  });

  it('keeps its port and what it stored when it is killed and started again', async () => {
    await launch({ version });
    const server = nats.server(0);
    await createStream('KEPT');
    await natsRequest(server.url, 'KEPT.a');
    const { pid } = server;
    await server.kill('SIGKILL');
    expect(server.isRunning).toBe(false);
    await expect(natsRequest(server.url, 'KEPT.a')).rejects.toThrow('ECONNREFUSED');
    await server.start();
    await nats.ready();
    expect(server.pid).not.toBe(pid);
    expect(await lastSeq('KEPT', server.url)).toBe(1);
    expect(await nats.leaderOf('KEPT')).toBe(server);
  });

  it('takes more configuration, at its start and later', async () => {
    await launch({ version, jetStream: false, config: 'authorization { user: ann, password: first }' });
    const server = nats.server(0);
    await expect(natsRequest(server.url, 'nowhere')).rejects.toThrow('Authorization Violation');
    await server.kill();
    await server.start({ jetStream: 'max_file: 1MB', config: 'authorization { user: ann, password: second }' });
    await nats.ready();
    const url = server.url.replace('//', '//ann:second@');
    expect(await createStream('LARGE', url)).toMatchObject({ error: { description: expect.stringContaining('insufficient storage') } });
  });

  it('answers requests with headers', async () => {
    await launch({ version });
    await createStream('ONCE');
    const headers = { 'Nats-Msg-Id': 'a' };
    expect(await natsRequest(nats.url, 'ONCE.a', 'é', { headers })).toMatchObject({ seq: 1 });
    expect(await natsRequest(nats.url, 'ONCE.a', Buffer.from('b'), { headers })).toMatchObject({ seq: 1, duplicate: true });
    expect(await natsRequest(nats.url, '$JS.API.STREAM.MSG.GET.ONCE', { seq: 1 })).toMatchObject({
      message: { data: Buffer.from('é').toString('base64') },
    });
  });

  it('says why it does not start', async () => {
    const broken = launchNats({ version, config: 'authorization { user: ann' });
    await expect(broken).rejects.toThrow(/nats-0 ended at its start:[^]*Parse error/);
    await launch({ version });
  });

  it('is ended by stop even where it is paused, and leaves nothing behind', async () => {
    await launch({ version });
    const server = nats.server(0);
    await createStream('LEFT');
    expect(existsSync(server.storeFolder)).toBe(true);
    server.pause();
    expect([server.isRunning, server.isAwake]).toEqual([true, false]);
    await nats.stop();
    expect(server.isRunning).toBe(false);
    expect(existsSync(server.storeFolder)).toBe(false);
  });
});

describe('through proxies', () => {
  let proxied: NatsProxies;
  afterEach(() => proxied.close());

  it('a client reaches its servers until its own way is cut', async () => {
    await launch({ jetStream: false, servers: 2 });
    proxied = await throughProxies(nats);
    const [first = '', second = ''] = proxied.urls;
    expect(await natsInfo(first)).toMatchObject({ server_name: 'nats-0' });
    for (const proxy of proxied.proxies.slice(0, 1)) proxy.refusing = true;
    await expect(natsInfo(first)).rejects.toThrow('ECONNRESET');
    expect(await natsInfo(second)).toMatchObject({ server_name: 'nats-1' });
    expect(await natsInfo(nats.url)).toMatchObject({ server_name: 'nats-0' });
  });

  it('a client is told of no server but the one it asked', async () => {
    await launch({ servers: 3 });
    proxied = await throughProxies(nats);
    const told = await Promise.all(proxied.urls.map((url) => natsInfo(url)));
    expect(told.map(({ connect_urls }) => connect_urls ?? [])).toEqual([[], [], []]);
  });
});
