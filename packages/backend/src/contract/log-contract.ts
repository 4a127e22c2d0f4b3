import { describe } from 'vitest';
import { describeAppending } from './appending.js';
import { describeHistory } from './history.js';
import type { LogAdapter } from './log-harness.js';
import { describeAgainstModel } from './model.js';
import { describePurging } from './purging.js';
import { describeReading } from './reading.js';
import { describeDurable, describeVolatile } from './restarting.js';
import { describeRetention } from './retention.js';
import { describeTailing } from './tailing.js';

/** The log port as tests: an adapter is what passes them. */
export function describeLogContract(name: string, adapter: LogAdapter): void {
  describe(`log contract: ${name}`, () => {
    describeAppending(adapter);
    describeReading(adapter);
    describeRetention(adapter);
    describeHistory(adapter);
    describePurging(adapter);
    describeTailing(adapter);
    if (adapter.durable) describeDurable(adapter);
    else describeVolatile(adapter);
    describeAgainstModel(adapter);
  });
}
