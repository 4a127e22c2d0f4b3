export * from './backend.js';
export * from './bus.js';
export * from './lease.js';
export * from './log.js';
