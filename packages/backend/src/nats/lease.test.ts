import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { eventually, launchNats, NATS_VERSIONS, type Nats } from '@restante/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectTo } from '../../testing/nats-connection.js';
import { describeLeaseContract } from '../contract/index.js';
import type { NatsConnection } from './connect.js';
import { NatsLease } from './lease.js';

const BUCKET = 'KV_restante_leases';
const TTL_MS = 1_500;

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

describe.each(NATS_VERSIONS)('on the %s NATS', (version) => {
  let nats: Nats;
  const connections: NatsConnection[] = [];
  beforeAll(async () => {
    nats = await launchNats({ version });
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
  });
  afterAll(() => nats.stop());

  async function connected(): Promise<NatsConnection> {
    const connection = await connectTo(nats);
    connections.push(connection);
    return connection;
  }

  async function deleteBucket({ nc }: NatsConnection): Promise<void> {
    await (await jetstreamManager(nc)).streams.delete(BUCKET);
  }

  /** A contender with a clock of its own, which the test moves. */
  async function contender(): Promise<{ lease: NatsLease; clock: { nowMs: number } }> {
    const clock = { nowMs: Math.random() * 1e9 };
    return { lease: new NatsLease(await connected(), { now: () => clock.nowMs }), clock };
  }

  describeLeaseContract(`nats ${version}`, async () => {
    const connection = await connected();
    return {
      lease: new NatsLease(connection),
      async close() {
        await deleteBucket(connection);
        await connection.close();
      },
    };
  });

  it('gives the lease of a holder that stopped to one of two contenders, and not before its time', async () => {
    const log = randomUUID();
    const stopped = new NatsLease(await connected());
    const [one, two] = [await contender(), await contender()];
    expect(await stopped.hold(log, 'stopped', TTL_MS)).toBe('stopped');
    for (const { lease } of [one, two]) expect(await lease.hold(log, 'contender', TTL_MS)).toBe('stopped');
    for (const { lease, clock } of [one, two]) {
      clock.nowMs += TTL_MS;
      expect(await lease.hold(log, 'contender', TTL_MS)).toBe('stopped');
      clock.nowMs += 1;
    }
    const holders = await Promise.all([one.lease.hold(log, 'one', TTL_MS), two.lease.hold(log, 'two', TTL_MS)]);
    expect(new Set(holders).size).toBe(1);
    expect(['one', 'two']).toContain(holders[0]);
    // It goes on where it was stopped: with the renewal that it was about to send.
    expect(await stopped.hold(log, 'stopped', TTL_MS)).toBe(holders[0]);
  });

  it('never takes the lease of a holder that renews, whatever the clocks say', async () => {
    const log = randomUUID();
    const holder = await contender();
    const other = await contender();
    for (let round = 0; round < 5; round += 1) {
      expect(await holder.lease.hold(log, 'holder', TTL_MS)).toBe('holder');
      other.clock.nowMs += 3_600_000;
      expect(await other.lease.hold(log, 'other', TTL_MS)).toBe('holder');
    }
  });

  it('leaves the lease to its holder when neither of them could reach the server for long', async () => {
    const log = randomUUID();
    const [holder, other] = [await contender(), await contender()];
    expect(await holder.lease.hold(log, 'holder', TTL_MS)).toBe('holder');
    expect(await other.lease.hold(log, 'other', TTL_MS)).toBe('holder');
    await nats.server(0).kill();
    await eventually('nobody can tell', () => other.lease.hold(log, 'other', TTL_MS).then(isFalse, isTrue));
    await nats.server(0).start();
    for (const { clock } of [holder, other]) clock.nowMs += 3_600_000;
    expect(await eventually('it is told again', () => other.lease.hold(log, 'other', TTL_MS))).toBe('holder');
    expect(await eventually('it is held', () => holder.lease.hold(log, 'holder', TTL_MS))).toBe('holder');
  });

  it('renews with one message', async () => {
    const connection = await connected();
    const lease = new NatsLease(connection);
    const log = randomUUID();
    await lease.hold(log, 'one', TTL_MS);
    const before = connection.nc.stats().outMsgs;
    for (let i = 0; i < 10; i += 1) await lease.hold(log, 'one', TTL_MS);
    expect(connection.nc.stats().outMsgs - before).toBe(10);
  });

  it('makes the bucket anew when it was deleted: of many who ask at once one holds, and nobody fails', async () => {
    const one = await connected();
    const created: string[] = [];
    const options = { onEvent: ({ type }: { type: string }) => created.push(type) };
    const leases = [new NatsLease(one, options), new NatsLease(await connected(), options)];
    const log = randomUUID();
    const ask = (): Promise<string[]> =>
      Promise.all(leases.flatMap((lease, i) => Array.from({ length: 5 }, () => lease.hold(log, `router-${i}`, TTL_MS))));
    for (let round = 0; round < 4; round += 1) {
      expect(new Set(await ask()).size).toBe(1);
      created.length = 0;
      await deleteBucket(one);
      expect(new Set(await ask()).size).toBe(1);
      // Each process asked for it once.
      expect(created.length).toBeLessThanOrEqual(leases.length);
    }
  });

  it('says within about a second that nobody can tell, while the server is stopped or gone, and goes on when it is back', async () => {
    const lease = new NatsLease(await connected());
    const log = randomUUID();
    const server = nats.server(0);
    /** A server that was told to stop may have taken one more. */
    const expectRefused = async (what: string, call: () => Promise<unknown>): Promise<void> => {
      const refused = await eventually(what, async () => {
        const asked = performance.now();
        const error = await call().then(
          () => undefined,
          (reason: unknown) => reason as { code: string },
        );
        return error && { code: error.code, isSoon: performance.now() - asked < 1_500 };
      });
      expect(refused).toEqual({ code: 'LOG_UNAVAILABLE', isSoon: true });
    };
    const expectNobodyKnows = async (): Promise<void> => {
      await expectRefused('it is not held', () => lease.hold(log, 'one', TTL_MS));
      await expectRefused('it is not released', () => lease.release(log, 'one'));
    };
    expect(await lease.hold(log, 'one', TTL_MS)).toBe('one');
    server.pause();
    await expectNobodyKnows();
    server.continue();
    expect(await lease.hold(log, 'one', TTL_MS)).toBe('one');
    await server.kill();
    await expectNobodyKnows();
    await server.start();
    expect(await eventually('the lease is held again', () => lease.hold(log, 'one', TTL_MS))).toBe('one');
  });
});
