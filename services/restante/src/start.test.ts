import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, createLogger, loadConfig } from '@restante/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { type Restante, type Running, start, startRoles } from './start.js';

const folders: string[] = [];
const running: Running[] = [];
afterEach(async () => {
  for (const restante of running.splice(0)) await restante.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'restante-start-'));
  folders.push(folder);
  return folder;
}

const OPEN = { read: 'public', publish: 'public', snapshot: false, history: { ageMs: 86_400_000, bytes: 1024 ** 2 } } as const;

function configOf(flags: Readonly<Record<string, string>>, namespaces: readonly string[] = ['*']): Config {
  const defaults = { '--port': '0', '--backend': 'memory:', '--drain-ms': '0' };
  const { config } = loadConfig({ env: {}, flags: new Map(Object.entries({ ...defaults, ...flags })) });
  return { ...config, namespaces: new Map(namespaces.map((name) => [name, OPEN])) };
}

async function started(config: Config): Promise<Restante> {
  const restante = await start(config, { logger: createLogger({ level: 'silent', format: 'json' }) });
  running.push(restante);
  return restante;
}

async function publish({ address }: Running, mailbox: string): Promise<Response> {
  return await fetch(`${address}/v1/mailboxes${mailbox}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '1' });
}

describe('everything in one process', () => {
  it('stores what is published, hands it out, and is ready', async () => {
    const restante = await started(configOf({}));
    expect((await publish(restante, '/a/b')).status).toBe(201);
    const page = await (await fetch(`${restante.address}/v1/mailboxes/a/*`)).json();
    expect(page).toMatchObject({ messages: [{ mailbox: '/a/b', data: 1 }], complete: true });
    await expect.poll(async () => (await fetch(`${restante.address}/readyz`)).status).toBe(200);
  });

  it('has an admin port only where one is asked for', async () => {
    expect((await started(configOf({}))).adminAddress).toBeUndefined();
    const { adminAddress } = await started(configOf({ '--admin-port': '0' }));
    const metrics = await (await fetch(`${adminAddress}/metrics`)).text();
    expect(metrics).toContain('restante_router_serving{log="_"}');
    expect(metrics).toContain('restante_process_cpu_seconds_total');
  });

  it('lets go of its ports and its data when it stops', async () => {
    const flags = { '--backend': `lmdb:${aFolder()}` };
    const first = await started(configOf(flags));
    await publish(first, '/a');
    expect(await first.stop()).toBe(true);
    const { port } = new URL(first.address);
    const second = await started(configOf({ ...flags, '--port': port }));
    expect(await (await fetch(`${second.address}/v1/mailboxes/a`)).json()).toMatchObject({ messages: [{ data: 1 }] });
  });

  it('lets go of all that had started when one part cannot', async () => {
    const folder = aFolder();
    const first = await started(configOf({}));
    const flags = { '--backend': `lmdb:${folder}`, '--port': new URL(first.address).port };
    await expect(started(configOf(flags))).rejects.toThrow('EADDRINUSE');
    expect((await publish(await started(configOf({ '--backend': `lmdb:${folder}` })), '/a')).status).toBe(201);
  });

  it('refuses data that another one uses', async () => {
    const flags = { '--backend': `lmdb:${aFolder()}` };
    await started(configOf(flags));
    await expect(started(configOf(flags))).rejects.toMatchObject({ code: 'DATA_IN_USE' });
  });
});

describe('one part alone', () => {
  async function startedAs(role: Parameters<typeof startRoles>[0][number]): Promise<Running> {
    const logger = createLogger({ level: 'silent', format: 'json' });
    const part = await startRoles([role], configOf({ '--admin-port': '0' }), { logger });
    running.push(part);
    return part;
  }
  const readiness = async ({ adminAddress }: Running) => (await fetch(`${adminAddress}/readyz`)).json() as Promise<object>;

  it('that is a gateway takes publishes and gives pages, and is ready without a router', async () => {
    const gateway = await startedAs('gateway');
    expect(await readiness(gateway)).toEqual({ status: 'ok', reasons: [] });
    expect((await publish(gateway, '/a')).status).toBe(201);
    expect(await (await fetch(`${gateway.address}/v1/mailboxes/a`)).json()).toMatchObject({ messages: [{ data: 1 }] });
  });

  it('that is an edge takes publishes, and is not ready while somebody reads and no router sends frames', async () => {
    const edge = await startedAs('edge');
    expect((await publish(edge, '/a')).status).toBe(201);
    expect(await readiness(edge)).toEqual({ status: 'ok', reasons: [] });
    const left = new AbortController();
    const waiting = fetch(`${edge.address}/v1/mailboxes/a?after=now&wait=60`, { signal: left.signal }).catch(() => 'left');
    await expect.poll(() => readiness(edge)).toEqual({ status: 'not ready', reasons: ['edge: no frames arrive of _'] });
    left.abort();
    expect(await waiting).toBe('left');
  });

  it('that is a router has no address but the one for health and metrics', async () => {
    const router = await startedAs('router');
    expect(router.address).toBeUndefined();
    expect(await readiness(router)).toEqual({ status: 'ok', reasons: [] });
    expect(await (await fetch(`${router.adminAddress}/metrics`)).text()).toContain('restante_router_serving{log="_"} 1');
  });
});

describe('a namespace that is configured later', () => {
  it.each([['/elections'], ['/elections/us-2020/ohio']])('is refused while %s lies in the log of "*"', async (mailbox) => {
    const flags = { '--backend': `lmdb:${aFolder()}` };
    const open = await started(configOf(flags));
    await publish(open, mailbox);
    await open.stop();
    await expect(started(configOf(flags, ['elections', '*']))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(started(configOf(flags, ['election', '*']))).resolves.toBeDefined();
  });

  it('is taken once what lay there is purged', async () => {
    const flags = { '--backend': `lmdb:${aFolder()}` };
    const open = await started(configOf(flags));
    await publish(open, '/elections/a');
    expect((await fetch(`${open.address}/v1/mailboxes/elections/a`, { method: 'DELETE' })).status).toBe(200);
    await open.stop();
    await expect(started(configOf(flags, ['elections', '*']))).resolves.toBeDefined();
  });
});
