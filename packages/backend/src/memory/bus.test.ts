import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { MemoryBus } from './index.js';

it('drops and counts what exceeds its queue, and takes payloads again when that is handed over', async () => {
  const bus = new MemoryBus({ queueBytesMax: 10 });
  const got: number[] = [];
  bus.subscribe('s', (payload) => got.push(payload.byteLength));
  bus.publish('s', new Uint8Array(6));
  bus.publish('s', new Uint8Array(5));
  bus.publish('s', new Uint8Array(4));
  expect(bus.dropped).toBe(1);
  await setImmediate();
  expect(got).toEqual([6, 4]);
  bus.publish('s', new Uint8Array(10));
  await setImmediate();
  expect(got).toEqual([6, 4, 10]);
  expect(bus.dropped).toBe(1);
});

it('lets what a receiver publishes wait for the next turn', async () => {
  const bus = new MemoryBus();
  const got: string[] = [];
  bus.subscribe('a', () => {
    got.push('a');
    bus.publish('b', new Uint8Array(1));
  });
  bus.subscribe('b', () => got.push('b'));
  bus.publish('a', new Uint8Array(1));
  await setImmediate();
  expect(got).toEqual(['a']);
  await setImmediate();
  expect(got).toEqual(['a', 'b']);
});

it('hands over nothing after it was closed', async () => {
  const bus = new MemoryBus();
  let received = 0;
  bus.subscribe('a', () => (received += 1));
  bus.publish('a', new Uint8Array(1));
  bus.close();
  bus.publish('a', new Uint8Array(1));
  await setImmediate();
  expect(received).toBe(0);
});
