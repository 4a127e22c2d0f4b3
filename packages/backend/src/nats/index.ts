export { adoptNatsLog, openNatsBackend, recreateNatsLog } from './backend.js';
export { diagnoseNats } from './connect.js';
export type { NatsBackendOptions, NatsCredentials, NatsEvent, NatsTls } from './options.js';
