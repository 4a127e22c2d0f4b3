import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Lifecycle, untilSignal } from './lifecycle.js';
import { createLogger } from './logger.js';

const written: string[] = [];
const logger = createLogger({ level: 'info', format: 'json', destination: { write: (line) => written.push(line) } });

beforeEach(() => {
  written.length = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const NEVER = new Promise<void>(() => {});

describe('stopping', () => {
  const steps: string[] = [];
  const part = (name: string, take: { drain?: () => Promise<void>; close?: () => Promise<void> } = {}) => ({
    async drain() {
      steps.push(`drain ${name}`);
      await take.drain?.();
    },
    async close() {
      steps.push(`close ${name}`);
      await take.close?.();
    },
  });
  const ALL = ['drain edge', 'close edge', 'drain router', 'close router', 'close backend'];

  async function started(take: Parameters<typeof part>[1] = {}): Promise<Lifecycle> {
    steps.length = 0;
    const lifecycle = new Lifecycle({ logger, drainMsMax: 1_000, closeMsMax: 500 });
    await lifecycle.start('backend', () => ({ close: () => part('backend').close() }));
    await lifecycle.start('router', () => part('router', take));
    await lifecycle.start('edge', async () => part('edge'));
    return lifecycle;
  }

  it('goes in reverse, and drains each part before it is closed', async () => {
    expect(await (await started()).stop()).toBe(true);
    expect(steps).toEqual(ALL);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is one stop, however often it is asked for', async () => {
    const lifecycle = await started();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(steps).toEqual(ALL);
  });

  it('goes on when a part fails, and says which', async () => {
    expect(await (await started({ drain: () => Promise.reject(new Error('no')) })).stop()).toBe(false);
    expect(steps).toEqual(ALL);
    expect(JSON.parse(written.join())).toMatchObject({ part: 'router', step: 'drain', err: { message: 'no' } });
  });

  it('closes as it is what does not drain in time', async () => {
    const stopped = (await started({ drain: () => NEVER })).stop();
    await vi.advanceTimersByTimeAsync(999);
    expect(steps).not.toContain('close router');
    await vi.advanceTimersByTimeAsync(1);
    expect(await stopped).toBe(false);
    expect(steps).toEqual(ALL);
    expect(JSON.parse(written.join())).toMatchObject({ part: 'router', step: 'drain' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves behind what does not close in time, and still closes the rest', async () => {
    const stopped = (await started({ close: () => NEVER })).stop();
    await vi.advanceTimersByTimeAsync(499);
    expect(steps).not.toContain('close backend');
    await vi.advanceTimersByTimeAsync(1);
    expect(await stopped).toBe(false);
    expect(steps).toEqual(ALL);
    expect(JSON.parse(written.join())).toMatchObject({ part: 'router', step: 'close' });
  });

  it('closes only what was started', async () => {
    const lifecycle = await started();
    await expect(lifecycle.start('late', () => Promise.reject(new Error('port in use')))).rejects.toThrow('port in use');
    expect(await lifecycle.stop()).toBe(true);
    expect(steps).toEqual(ALL);
  });
});

describe('signals', () => {
  const fakeProcess = () => Object.assign(new EventEmitter(), { exit: vi.fn<(code: number) => void>() });

  it.each(['SIGTERM', 'SIGINT'])('ends the wait upon %s', async (signal) => {
    const events = fakeProcess();
    const ended = untilSignal(logger, events);
    events.emit(signal, signal);
    await ended;
    expect(events.exit).not.toHaveBeenCalled();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends at once upon a second signal, %s, but not upon the same one twice', async (signal, code) => {
    const events = fakeProcess();
    let nowMs = 0;
    const ended = untilSignal(logger, events, () => nowMs);
    events.emit('SIGTERM', 'SIGTERM');
    await ended;
    nowMs = 299;
    events.emit(signal, signal);
    expect(events.exit).not.toHaveBeenCalled();
    nowMs = 300;
    events.emit(signal, signal);
    expect(events.exit.mock.calls).toEqual([[code]]);
  });

  it.each(['unhandledRejection', 'uncaughtException'])('%s is said, and fatal', (event) => {
    const events = fakeProcess();
    void untilSignal(logger, events);
    events.emit(event, new Error('lost'));
    expect(events.exit.mock.calls).toEqual([[1]]);
    expect(JSON.parse(written.join())).toMatchObject({ level: 60, err: { message: 'lost' } });
  });
});
