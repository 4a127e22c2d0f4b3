import { randomUUID } from 'node:crypto';
import { eventually, launchNats, NATS_VERSIONS, type Nats } from '@restante/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectTo } from '../../testing/nats-connection.js';
import { describeBusContract } from '../contract/index.js';
import { NatsBus, type NatsBusOptions } from './bus.js';
import type { NatsConnection } from './connect.js';
import type { NatsEvent } from './options.js';

describe.each(NATS_VERSIONS)('on the %s NATS', (version) => {
  let nats: Nats;
  const open: { readonly bus: NatsBus; readonly connection: NatsConnection }[] = [];
  beforeAll(async () => {
    nats = await launchNats({ version });
  });
  afterEach(async () => {
    for (const { bus, connection } of open.splice(0)) {
      bus.close();
      await connection.close();
    }
  });
  afterAll(() => nats.stop());

  async function opened(options: NatsBusOptions = {}): Promise<{ bus: NatsBus; connection: NatsConnection }> {
    const connection = await connectTo(nats);
    const both = { bus: new NatsBus(connection, options), connection };
    open.push(both);
    return both;
  }

  describeBusContract(`nats ${version}`, async () => {
    const { bus } = await opened();
    return { bus, close: async () => undefined };
  });

  it('drops and counts what the server does not take in time, and takes payloads again when it does', async () => {
    const events: NatsEvent[] = [];
    const { bus } = await opened({ unansweredBytesMax: 1_000_000, onEvent: (event) => events.push(event) });
    const subject = randomUUID();
    let received = 0;
    bus.subscribe(subject, () => (received += 1));
    const payload = new Uint8Array(100_000);
    await eventually('the bus works', () => {
      bus.publish(subject, new Uint8Array(1));
      return received > 0;
    });
    nats.server(0).pause();
    for (let i = 0; i < 50; i += 1) bus.publish(subject, payload);
    nats.server(0).continue();
    expect(bus.dropped).toBeGreaterThanOrEqual(40);
    expect(bus.dropped).toBeLessThan(50);
    await eventually('it was told', () => events.some((event) => event.type === 'bus-dropped' && event.payloads === bus.dropped));
    const before = bus.dropped;
    await eventually('ten times the limit passes', () => {
      bus.publish(subject, payload);
      return received > 100;
    });
    expect(bus.dropped).toBe(before);
  });

  it('drops while the server is gone, keeps nothing for later, and hears its subjects again when the server is back', async () => {
    const { bus, connection } = await opened();
    const subject = randomUUID();
    const got: string[] = [];
    bus.subscribe(subject, (payload) => got.push(Buffer.from(payload).toString()));
    await nats.server(0).kill();
    await eventually('the connection is seen to be down', () => !connection.isConnected);
    bus.publish(subject, Buffer.from('while it was gone'));
    expect(bus.dropped).toBe(1);
    await nats.server(0).start();
    await eventually('a payload arrives', () => {
      bus.publish(subject, Buffer.from('again'));
      return got.length > 0;
    });
    expect(new Set(got)).toEqual(new Set(['again']));
  });

  it('drops what is larger than the server takes, and stays connected', async () => {
    const { bus, connection } = await opened();
    bus.publish('restante.x.a', new Uint8Array((connection.nc.info?.max_payload ?? 0) + 1));
    expect(bus.dropped).toBe(1);
    await connection.nc.flush();
    expect(connection.isConnected).toBe(true);
  });

  it('goes on when a receiver throws, which is not hidden either', async () => {
    const { bus } = await opened();
    const subject = randomUUID();
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error));
    try {
      let received = 0;
      bus.subscribe(subject, () => {
        received += 1;
        if (received === 1) throw new Error('a fault of the receiver');
      });
      await eventually('it receives after it threw', () => {
        bus.publish(subject, new Uint8Array(1));
        return received > 3;
      });
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(thrown).toEqual([new Error('a fault of the receiver')]);
  });
});
