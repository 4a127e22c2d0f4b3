import type { Log } from '@restante/backend';
import { openMemoryBackend } from '@restante/backend/memory';
import { createLogger, Health, Metrics, type Part } from '@restante/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRouter } from './router.js';

let router: Part | undefined;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await router?.close();
  router = undefined;
  vi.useRealTimers();
});

/** Over two logs, of which `b` has this tail. */
async function started(tail?: Log['tail']): Promise<Health> {
  const backend = openMemoryBackend();
  const [a, b] = await Promise.all(['a', 'b'].map((name) => backend.openLog(name, { idWindowMs: 60_000 })));
  if (a === undefined || b === undefined) throw new Error('two logs were opened');
  if (tail !== undefined) vi.spyOn(b, 'tail').mockImplementation(tail);
  const health = new Health();
  const logger = createLogger({ level: 'silent', format: 'json' });
  const logs = new Map([a, b].map((log) => [log.name, log]));
  const config = { region: 'test', hotTailBytes: 1_000_000, snapshots: new Set<string>() };
  router = await startRouter(config, { ...backend, logs, logger, metrics: new Metrics(), health });
  return health;
}

/** As one whose server was killed: it neither brings anything nor ends. */
function silent(_after: unknown, signal: AbortSignal): ReturnType<Log['tail']> {
  const ended = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    signal.addEventListener('abort', () => resolve({ done: true, value: undefined }));
  });
  return { [Symbol.asyncIterator]: () => ({ next: () => ended }) };
}

describe('a router', () => {
  it('is ready while its logs are quiet', async () => {
    const health = await started();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(health.report()).toEqual({ status: 'ok', reasons: [] });
  });

  it('is not ready while the tail of a log is silent, and says of which', async () => {
    const health = await started(silent);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(health.report().status).toBe('ok');
    await vi.advanceTimersByTimeAsync(200);
    expect(health.report()).toEqual({ status: 'not ready', reasons: ['router: the tail brings nothing of b'] });
  });

  it('is no longer asked for readiness when it is closed', async () => {
    const health = await started(silent);
    await router?.close();
    router = undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(health.report().status).toBe('ok');
  });
});
