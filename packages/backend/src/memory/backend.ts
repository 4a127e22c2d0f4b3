import type { Backend } from '../backend.js';
import { TAIL_HEARTBEAT_MS } from '../local-tail.js';
import type { LogPolicy } from '../log.js';
import { MemoryBus, type MemoryBusOptions } from './bus.js';
import { MemoryLease } from './lease.js';
import { MemoryLog } from './log.js';

/**
 * Everything in this process's memory: for tests, and the reference that the other adapters are compared with.
 * Nothing survives the process, so every start has new epochs and no old cursor is served in silence (I11).
 */

export interface MemoryBackendOptions extends MemoryBusOptions {
  /** Milliseconds since 1970; stands for the clock that gives entries their time. */
  readonly now?: () => number;
  /** How often a quiet tail proves that it is alive; at most 1,000. */
  readonly tailHeartbeatMs?: number;
}

export interface MemoryBackend extends Backend {
  readonly bus: MemoryBus;
  openLog(name: string, policy: LogPolicy): Promise<MemoryLog>;
}

export function openMemoryBackend(options: MemoryBackendOptions = {}): MemoryBackend {
  const logs = new Map<string, MemoryLog>();
  const bus = new MemoryBus(options);
  return {
    address: 'memory:',
    durability: 'Stored survives nothing: it is in the memory of this process.',
    bus,
    lease: new MemoryLease(),
    trouble: () => undefined,
    async openLog(name, policy) {
      const log = logs.get(name) ?? new MemoryLog(name, policy, options.now ?? Date.now, options.tailHeartbeatMs ?? TAIL_HEARTBEAT_MS);
      logs.set(name, log);
      return log;
    },
    async close() {
      bus.close();
      for (const log of logs.values()) log.close();
    },
  };
}
