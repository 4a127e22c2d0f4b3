import { connectNats, type NatsConnection } from '../src/nats/connect.js';
import type { NatsBackendOptions } from '../src/nats/options.js';

/** Connections for the tests of the adapter on NATS. */

export interface Servers {
  readonly servers: readonly { readonly clientPort: number }[];
}

/** @param others what the test is about. */
export function optionsFor({ servers }: Servers, others: Partial<NatsBackendOptions> = {}): NatsBackendOptions {
  const addresses = servers.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  return { servers: addresses, region: 'test', name: 'test', messageBytesMax: 512 * 1024, ...others };
}

export function connectTo(nats: Servers, others: Partial<NatsBackendOptions> = {}): Promise<NatsConnection> {
  return connectNats(optionsFor(nats, others));
}
