import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '../bus.js';
import { eventually } from './log-harness.js';

export interface BusHarness {
  readonly bus: Bus;
  close(): Promise<void>;
}

/** The bus port as tests. It may lose, so nothing here fails when a single payload is lost: publishing is repeated. */
export function describeBusContract(name: string, open: () => Promise<BusHarness>): void {
  describe(`bus contract: ${name}`, () => {
    let harness: BusHarness;
    let bus: Bus;
    beforeEach(async () => {
      harness = await open();
      bus = harness.bus;
    });
    afterEach(() => harness.close());

    const bytes = (text: string): Uint8Array => Buffer.from(text);
    const publishUntil = (subject: string, payload: Uint8Array, holds: () => boolean): Promise<boolean> =>
      eventually(
        async () => {
          if (!holds()) bus.publish(subject, payload);
          return holds();
        },
        (held) => held,
      );

    it('hands a payload to every subscriber of its subject, byte by byte, and to no other', async () => {
      const got = { one: [] as string[], two: [] as string[], other: [] as string[] };
      bus.subscribe('restante.x.a', (payload) => got.one.push(Buffer.from(payload).toString('hex')));
      bus.subscribe('restante.x.a', (payload) => got.two.push(Buffer.from(payload).toString('hex')));
      bus.subscribe('restante.x.b', (payload) => got.other.push(Buffer.from(payload).toString('hex')));
      await publishUntil('restante.x.a', new Uint8Array([0, 255, 10]), () => got.one.length > 0 && got.two.length > 0);
      expect(got.one[0]).toBe('00ff0a');
      expect(got.two[0]).toBe('00ff0a');
      expect(got.other).toEqual([]);
    });

    it('never hands over within publish', async () => {
      let inside = false;
      let within = 0;
      let received = 0;
      bus.subscribe('restante.x.a', () => {
        received += 1;
        if (inside) within += 1;
      });
      await eventually(
        async () => {
          inside = true;
          bus.publish('restante.x.a', bytes('1'));
          inside = false;
          return received;
        },
        (count) => count >= 3,
      );
      expect(within).toBe(0);
    });

    it('hands over nothing to who has ended, though it was on its way', async () => {
      let ended = 0;
      let others = 0;
      const end = bus.subscribe('restante.x.a', () => (ended += 1));
      bus.subscribe('restante.x.a', () => (others += 1));
      bus.publish('restante.x.a', bytes('1'));
      end();
      await publishUntil('restante.x.a', bytes('2'), () => others > 0);
      end();
      expect(ended).toBe(0);
    });

    it('takes the same function twice, as two subscriptions', async () => {
      let received = 0;
      const receive = (): void => {
        received += 1;
      };
      const end = bus.subscribe('restante.x.a', receive);
      bus.subscribe('restante.x.a', receive);
      end();
      await publishUntil('restante.x.a', bytes('1'), () => received > 0);
      expect(received).toBeGreaterThan(0);
    });

    it('takes payloads for subjects that nobody listens to', async () => {
      for (let i = 0; i < 100; i += 1) bus.publish('restante.x.nobody', bytes('1'));
      let received = 0;
      bus.subscribe('restante.x.a', () => (received += 1));
      await publishUntil('restante.x.a', bytes('1'), () => received > 0);
      expect(received).toBeGreaterThan(0);
    });
  });
}
