export type * from './backend.js';
export * from './bus.js';
export type * from './lease.js';
export type * from './log.js';
