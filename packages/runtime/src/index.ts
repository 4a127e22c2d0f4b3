export * from './admin.js';
export * from './config/index.js';
export * from './health.js';
export * from './lifecycle.js';
export * from './logger.js';
export * from './metrics.js';
