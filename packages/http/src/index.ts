export * from './admission.js';
export * from './appends.js';
export * from './context.js';
export * from './create-http.js';
