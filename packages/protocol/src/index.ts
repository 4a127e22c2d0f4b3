export * from './cursor.js';
export * from './entry.js';
export * from './errors.js';
export * from './history.js';
export * from './limits.js';
export * from './names.js';
export * from './namespaces.js';
export * from './pattern-index.js';
export type * from './schemas/index.js';
