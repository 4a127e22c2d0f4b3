import { createLogger, loadConfig } from '@restante/runtime';
import { eventually, launchNats, type Nats } from '@restante/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from './parts.js';
import { type Running, startRoles } from './start.js';

/** Parts of a cluster on a real NATS, each with a backend of its own as if it were a process: what they do together, and what they say alone. */

let nats: Nats;
const running: Running[] = [];

beforeEach(async () => {
  nats = await launchNats();
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  await nats.stop();
});

async function started(role: Role): Promise<Running> {
  const flags = { '--backend': nats.url, '--port': '0', '--admin-port': '0', '--drain-ms': '0' };
  const { config } = loadConfig({ env: {}, flags: new Map(Object.entries(flags)) });
  const one = await startRoles([role], config, { logger: createLogger({ level: 'silent', format: 'json' }) });
  running.push(one);
  return one;
}

interface Readiness {
  readonly status: string;
  readonly reasons: readonly string[];
}

async function readiness({ adminAddress }: Running): Promise<Readiness> {
  return (await fetch(`${adminAddress}/readyz`)).json() as Promise<Readiness>;
}

async function publish({ address }: Running, data: number): Promise<number> {
  const { status } = await fetch(`${address}/v1/mailboxes/a`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `${data}`,
  });
  return status;
}

describe('a gateway, a router and an edge on NATS', () => {
  it('bring what the one takes to who waits at the other', async () => {
    const [gateway, , edge] = [await started('gateway'), await started('router'), await started('edge')];
    const waiting = fetch(`${edge.address}/v1/mailboxes/a?wait=20`);
    expect(await publish(gateway, 1)).toBe(201);
    expect(await (await waiting).json()).toMatchObject({ messages: [{ mailbox: '/a', data: 1 }], complete: true });
  });

  it('are not ready while NATS is gone, say why, and are ready again by themselves', async () => {
    const parts = [await started('gateway'), await started('router'), await started('edge')];
    for (const part of parts) await eventually('it is ready', async () => (await readiness(part)).status === 'ok');
    await nats.server(0).kill();
    for (const part of parts) {
      const { reasons } = await eventually('it is not ready', async () => {
        const report = await readiness(part);
        return report.status === 'not ready' && report;
      });
      expect(reasons[0]).toMatch(/^backend: no connection to NATS \(127\.0\.0\.1:\d+\).*; trying again$/);
    }
    await nats.server(0).start();
    for (const part of parts) await eventually('it is ready again', async () => (await readiness(part)).status === 'ok');
    const [gateway] = parts;
    if (gateway !== undefined) await eventually('it takes publishes', async () => (await publish(gateway, 2)) === 201);
  });
});
