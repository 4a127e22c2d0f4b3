import { afterEach, beforeEach } from 'vitest';
import type { LogAdapter, LogHarness } from './log-harness.js';

/** A fresh harness for each test of the block; the returned function gives the present one. */
export function withHarness(adapter: LogAdapter): () => LogHarness {
  let harness: LogHarness | undefined;
  beforeEach(async () => {
    harness = await adapter.open();
  });
  afterEach(async () => {
    await harness?.close();
    harness = undefined;
  });
  return () => {
    if (harness === undefined) throw new Error('there is a harness only within a test');
    return harness;
  };
}
