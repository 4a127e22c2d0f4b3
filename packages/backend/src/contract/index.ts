export * from './bus-contract.js';
export * from './lease-contract.js';
export * from './log-contract.js';
export type { LogAdapter, LogHarness } from './log-harness.js';
