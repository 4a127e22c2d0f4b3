import { Agent, request } from 'node:http';
import { openMemoryBackend } from '@restante/backend/memory';
import { createLogger, Health } from '@restante/runtime';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Gateway, type GatewayConfig, startGateway } from './gateway.js';

const PUBLIC = { read: 'public', publish: 'public', snapshot: false, history: { ageMs: 60_000, bytes: 1_000_000 } } as const;

const CONFIG: GatewayConfig = {
  host: '127.0.0.1',
  port: 0,
  region: 'test',
  cors: { origins: [] },
  namespaces: new Map([['*', PUBLIC]]),
  open: true,
  messageBytesMax: 1_000,
  drainMs: 10_000,
};

let gateway: Gateway | undefined;

async function started(changes: Partial<GatewayConfig> = {}): Promise<Gateway & { health: Health }> {
  const backend = openMemoryBackend();
  const logs = new Map([['_', await backend.openLog('_', { idWindowMs: 60_000 })]]);
  const health = new Health();
  const logger = createLogger({ level: 'silent', format: 'json' });
  const own = await startGateway({ ...CONFIG, ...changes }, { logs, health, logger, version: '0.0.0' });
  gateway = own;
  return { ...own, health };
}

/** A request over one kept connection. */
function ask(agent: Agent, url: string): Promise<{ status: number | undefined; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      response.resume().once('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }));
    });
    sent.once('error', reject).end();
  });
}

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

describe('a gateway', () => {
  it('publishes, and gives plain pages from the log', async () => {
    const { address } = await started();
    const published = await fetch(`${address}/v1/mailboxes/a`, { method: 'POST', body: 'hello' });
    expect(published.status).toBe(201);
    const page = await fetch(`${address}/v1/mailboxes/a`);
    expect(await page.json()).toMatchObject({ messages: [{ mailbox: '/a', text: 'hello' }], complete: true });
  });

  it('serves a request that offers to speak another protocol as if it did not', async () => {
    const { address } = await started();
    const status = await new Promise((resolve, reject) => {
      const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
      request(`${address}/v1/mailboxes/a`, { headers, agent: false }, (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it('lets nobody wait', async () => {
    const { address } = await started();
    const response = await fetch(`${address}/v1/mailboxes/a?wait=5`);
    expect(await response.json()).toMatchObject({ status: 400, code: 'QUERY_INVALID' });
  });

  it('holds to the limits and policies that it is given', async () => {
    const { address } = await started({ namespaces: new Map([['news', { ...PUBLIC, publish: 'nobody' }]]) });
    const codes = await Promise.all(
      ['/v1/mailboxes/news/x', '/v1/mailboxes/other'].map(async (path) => {
        const response = await fetch(address + path, { method: 'POST', body: 'x' });
        return ((await response.json()) as { code: string }).code;
      }),
    );
    expect(codes).toEqual(['FORBIDDEN', 'MAILBOX_NOT_CONFIGURED']);
    const large = await fetch(`${address}/v1/mailboxes/news/x`, { method: 'POST', body: 'x'.repeat(1_001) });
    expect(((await large.json()) as { code: string }).code).toBe('MESSAGE_TOO_LARGE');
  });

  it('drains: not ready, still answering, and each client is sent away with its answer', async () => {
    const { health, ...own } = await started();
    const { address } = own;
    const agent = new Agent({ keepAlive: true });
    expect(await ask(agent, `${address}/readyz`)).toEqual({ status: 200, connection: 'keep-alive' });
    const drained = vi.fn();
    const draining = own.drain().then(drained);
    expect(health.report()).toEqual({ status: 'not ready', reasons: ['gateway: draining'] });
    expect(drained).not.toHaveBeenCalled();
    expect(await ask(agent, `${address}/readyz`)).toEqual({ status: 503, connection: 'close' });
    await draining;
    agent.destroy();
  });

  it('waits no longer for idle clients than it is told to', async () => {
    const own = await started({ drainMs: 20 });
    const agent = new Agent({ keepAlive: true });
    await ask(agent, `${own.address}/healthz`);
    await own.drain();
    expect(Object.keys(agent.freeSockets)).toHaveLength(1);
    agent.destroy();
  });

  it('is no longer asked for readiness when it is closed', async () => {
    const { health, ...own } = await started({ drainMs: 0 });
    await own.drain();
    await own.close();
    expect(health.report().status).toBe('ok');
  });
});
