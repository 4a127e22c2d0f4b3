import { afterEach, beforeEach, expect, it } from 'vitest';
import { startAdmin } from './admin.js';
import { Health } from './health.js';
import { Metrics } from './metrics.js';

let health: Health;
let metrics: Metrics;
let admin: Awaited<ReturnType<typeof startAdmin>>;

beforeEach(async () => {
  health = new Health();
  metrics = new Metrics();
  admin = await startAdmin({ host: '127.0.0.1', port: 0, health, metrics });
});
afterEach(() => admin.close());

it('is alive whatever the checks say', async () => {
  health.add('frames', () => 'none for 3 s');
  expect((await fetch(`${admin.address}/healthz`)).status).toBe(200);
});

it('is ready when every check is content, and says why it is not', async () => {
  health.add('disk', () => undefined);
  const content = health.add('frames', () => 'none for 3 s');
  const not = await fetch(`${admin.address}/readyz`);
  expect([not.status, await not.json()]).toEqual([503, { status: 'not ready', reasons: ['frames: none for 3 s'] }]);
  content();
  const ready = await fetch(`${admin.address}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', reasons: [] }]);
});

it('refuses two checks of one name', () => {
  health.add('disk', () => undefined);
  expect(() => health.add('disk', () => undefined)).toThrow('disk');
});

it('shows the metrics: counted, asked for, and grouped', async () => {
  metrics.counter('restante_messages_total', 'messages', ['log']).inc({ log: 'elections' }, 3);
  metrics.gauge('restante_sockets', 'open sockets', [], (gauge) => gauge.set(7));
  metrics.histogram('restante_append_seconds', 'time to store', [0.01, 0.1]).observe(0.05);
  const text = await (await fetch(`${admin.address}/metrics`)).text();
  expect(text).toContain('restante_messages_total{log="elections"} 3');
  expect(text).toContain('restante_sockets 7');
  expect(text).toContain('restante_append_seconds_bucket{le="0.1"} 1');
});

it('has nothing else', async () => {
  expect((await fetch(`${admin.address}/`)).status).toBe(404);
  expect((await fetch(`${admin.address}/healthz`, { method: 'POST' })).status).toBe(405);
});

it('says so when its port is taken', async () => {
  const port = Number(new URL(admin.address).port);
  await expect(startAdmin({ host: '127.0.0.1', port, health, metrics })).rejects.toThrow('EADDRINUSE');
});
