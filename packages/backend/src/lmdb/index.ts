export { type LmdbBackendOptions, logAdopt, openLmdbBackend } from './backend.js';
export type { Durability } from './store.js';
