export type { BackendAddress } from './backend-address.js';
export { isLoopback } from './checks.js';
export type { Config, NamespacePolicy } from './config.js';
export { type ConfigSources, type LoadedConfig, loadConfig } from './load.js';
export { formatQuantity } from './quantity.js';
export { configJsonSchema, configReference } from './reference.js';
export { defaultText, SETTINGS, type Setting } from './settings.js';
