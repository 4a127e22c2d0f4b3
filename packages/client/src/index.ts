import { Client } from './client.js';
import type { ConnectOptions } from './options.js';
import { WORLD } from './world.js';

/**
 * The client of Restante, for browsers and Node. `connect` begins; all else hangs on the client that it returns.
 */

export { Client, type ClientEvents, type ReadOptions, type ReadPage } from './client.js';
export { type ClientErrorCode, RequestError } from './errors.js';
export type { Acknowledgement } from './links/link.js';
export * from './options.js';
export type { PublishOptions } from './publishing.js';
export { Subscription, type SubscriptionEvents } from './subscription.js';
export { View, type ViewEvents, type ViewSnapshot } from './view.js';

/**
 * Connects to a server, at once and for as long as the client is not closed.
 * @param urls of the server; of several, each stands for the same, and the next is tried when one cannot be reached.
 */
export function connect(urls: string | readonly string[], options: ConnectOptions = {}): Client {
  return new Client(typeof urls === 'string' ? [urls] : urls, options, WORLD);
}
