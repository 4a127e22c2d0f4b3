export type { Audiences, Connection, Outlet, PageBatch, WireFormat } from './edge/connection.js';
export { Edge, type EdgeOptions, type EdgeSizes, type Subscription } from './edge/edge.js';
export type { EdgeLogEffects } from './edge/edge-log.js';
export type { PageRequest } from './edge/page-reads.js';
export type { After, Reader, ReadMode } from './edge/reader.js';
export { DELIVERY, type DeliveryLimits } from './limits.js';
export { RouterLog, type RouterLogOptions, type RouterLimits } from './router/router-log.js';
export { decode, encode, WIRE_VERSION } from './wire/codec.js';
export type * from './wire/messages.js';
