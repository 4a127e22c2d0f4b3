export { type Config, type ConfigSources, loadConfig } from '@restante/runtime';
export { type Restante, start } from './start.js';
