export * from './history/events.js';
export * from './history/hash.js';
export * from './history/judge.js';
export type { FinalEntry, FinalLog } from './history/known.js';
export * from './history/record.js';
export { CONTRADICTIONS, type ContradictionCode, type Verdict } from './history/verdict.js';
