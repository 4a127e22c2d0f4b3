export { isLoopback } from './checks.js';
export type { BackendTarget, Config, NamespacePolicy } from './config.js';
export { type ConfigSources, type LoadedConfig, loadConfig } from './load.js';
export type { NatsLogin, NatsTarget } from './nats.js';
export { formatQuantity } from './quantity.js';
export { configJsonSchema, configReference } from './reference.js';
export { defaultText, SETTINGS, type Setting } from './settings.js';
