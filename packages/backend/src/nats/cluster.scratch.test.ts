import { parsePattern } from '@restante/protocol';
import { launchNats, NATS_VERSIONS, type Nats } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optionsFor } from '../../testing/nats-connection.js';
import { openNatsBackend } from './index.js';
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
describe.each(process.env.V ? NATS_VERSIONS.filter((v) => v === process.env.V) : NATS_VERSIONS)('%s', (version) => {
  let nats: Nats;
  beforeAll(async () => { nats = await launchNats({ version, servers: 3 }); }, 90_000);
  afterAll(() => nats.stop());
  it('in flight', { timeout: 120_000 }, async () => {
    const boot = await openNatsBackend(optionsFor(nats, { replicas: 3 }));
    await (await boot.openLog('inf', { idWindowMs: 600_000 })).append([{ mailbox: '/inf/a', kind: 'text', data: Buffer.from('zero') }]);
    const leader = await nats.leaderOf('MAILBOX_inf');
    await boot.close();
    const events: unknown[] = [];
    const backend = await openNatsBackend(optionsFor({ servers: [leader] }, { replicas: 3, onEvent: (e) => events.push(e) }));
    const log = await backend.openLog('inf', { idWindowMs: 600_000 });
    await log.append([{ mailbox: '/inf/a', kind: 'text', data: Buffer.from('one') }]);
    for (const s of nats.servers) if (s !== leader) s.pause();
    const t0 = performance.now();
    const tell = (name: string) => (o: unknown) => console.log(version, name, Math.round(performance.now() - t0), JSON.stringify(o), (o as { error?: Error }[])[0]?.error?.message);
    const all = Promise.all([
      log.append([{ mailbox: '/inf/a', kind: 'text', data: Buffer.from('noid1') }]).then(tell('noid1')),
      log.append([{ mailbox: '/inf/a', kind: 'text', data: Buffer.from('noid2') }]).then(tell('noid2')),
      log.append([{ mailbox: '/inf/b', kind: 'text', id: 'x', data: Buffer.from('withid1') }]).then(tell('withid1')),
      log.append([{ mailbox: '/inf/b', kind: 'text', id: 'y', data: Buffer.from('withid2') }]).then(tell('withid2')),
    ]);
    await sleep(5000);
    for (const s of nats.servers) if (s !== leader) s.resume();
    console.log('resumed', Math.round(performance.now() - t0));
    await all;
    await sleep(6000);
    const page = await log.read({ patterns: [parsePattern('/**')], after: 'earliest', mode: 'every', limit: 100, bytes: 1e6 });
    console.log(version, 'stored', page.entries.map((e) => `${e.seq}:${Buffer.from(e.data).toString()}`).join(' '), JSON.stringify(events));
    await backend.close();
    expect(1).toBe(1);
  });
  it('stale leader', { timeout: 200_000 }, async () => {
    const boot = await openNatsBackend(optionsFor(nats, { replicas: 3 }));
    const l0 = await boot.openLog('stale', { idWindowMs: 600_000 });
    for (let i = 0; i < 20; i += 1) await l0.append([{ mailbox: '/stale/a', kind: 'text', data: Buffer.from(`w${i}`) }]);
    await boot.close();
    for (let round = 0; round < Number(process.env.ROUNDS ?? 4); round += 1) {
      const leader = await nats.leaderOf('MAILBOX_stale');
      const events: { type: string }[] = [];
      const others = nats.servers.filter((s) => s !== leader);
      const backends = await Promise.all([0, 1, 2, 3].map((i) => openNatsBackend(optionsFor({ servers: [others[i % 2]!] }, { replicas: 3, onEvent: (e) => events.push(e) }))));
      const logs = await Promise.all(backends.map((b) => b.openLog('stale', { idWindowMs: 600_000 })));
      const abort = new AbortController();
      const tails = logs.map(async (log) => { let n = 0; for await (const b of log.tail('earliest', abort.signal)) n += b.entries.length; return n; });
      await sleep(1500);
      leader.pause();
      const t0 = performance.now();
      const outs = await Promise.all(Array.from({ length: 30 }, (_, i) => logs[0]!.append([{ mailbox: `/stale/m${i}`, kind: 'text', data: Buffer.from(`r${round}-${i}`) }])));
      const okAt = Math.round(performance.now() - t0);
      let ok = outs.filter(([o]) => o!.ok).length;
      if (ok < 30) { await sleep(4000); for (let i = 0; i < 30; i += 1) { const [o] = await logs[0]!.append([{ mailbox: `/stale/m${i}`, kind: 'text', data: Buffer.from(`s${round}-${i}`) }]); if (o!.ok) ok += 1; } }
      await sleep(2500);
      let stop = false; let checks = 0; const errs: string[] = [];
      const loops = logs.flatMap((log) => [0, 1, 2].map(async () => { while (!stop) { await log.state().catch((e: Error) => errs.push(e.message)); checks += 1; } }));
      await sleep(300);
      leader.resume();
      await sleep(3000);
      stop = true; await Promise.all(loops); abort.abort();
      const counts = await Promise.all(tails);
      console.log(version, 'round', round, 'stored', ok, 'in', okAt, 'checks', checks, 'tails', counts.join(), 'events', JSON.stringify(events.filter((e) => e.type === 'forked')), [...new Set(errs)].slice(0, 3).join(' | '));
      await Promise.all(backends.map((b) => b.close()));
    }
    expect(1).toBe(1);
  });
});
