import { type FaultProxy, startFaultProxy } from '../proxy/fault-proxy.js';
import type { Nats } from './launch-nats.js';

/** One client's own way to each NATS server, through a fault proxy: what happens on it happens to nobody else. */

export interface NatsProxies {
  /** For the client, instead of the servers' own. */
  readonly urls: readonly string[];
  /** In the order of the servers. */
  readonly proxies: readonly FaultProxy[];
  close(): Promise<void>;
}

/** The servers advertise no addresses, so a client that was given these knows no way around them. */
export async function throughProxies(nats: Nats): Promise<NatsProxies> {
  const proxies = await Promise.all(nats.servers.map(({ clientPort }) => startFaultProxy({ targetPort: clientPort })));
  return {
    urls: proxies.map(({ port }) => `nats://127.0.0.1:${port}`),
    proxies,
    close: async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))),
  };
}
