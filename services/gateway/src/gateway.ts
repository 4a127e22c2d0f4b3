import type { Log } from '@restante/backend';
import { createHttp } from '@restante/http';
import { Namespaces } from '@restante/protocol';
import type { Config, Health, Logger, Part } from '@restante/runtime';
import { Connections } from './connections.js';

/**
 * A gateway: publishing, and plain pages straight from the log. It holds nothing open and keeps no state, so any number of them
 * may run and any of them may go; its routes are those of `@restante/http`, without waits.
 */

export type GatewayConfig = Pick<Config, 'host' | 'port' | 'region' | 'cors' | 'namespaces' | 'open' | 'messageBytesMax' | 'drainMs'>;

export interface GatewayDeps {
  /** By id; one for every namespace of the configuration. The gateway uses them and does not close them. */
  readonly logs: ReadonlyMap<string, Log>;
  readonly health: Health;
  readonly logger: Logger;
  readonly version: string;
}

export interface Gateway extends Part {
  /** `http://127.0.0.1:8080`: where it really listens. */
  readonly address: string;
  drain(): Promise<void>;
}

export async function startGateway(config: GatewayConfig, { logs, health, logger, version }: GatewayDeps): Promise<Gateway> {
  const { app, leave } = createHttp({
    namespaces: new Namespaces(config.namespaces.keys()),
    policies: config.namespaces,
    limits: { messageBytesMax: config.messageBytesMax },
    corsOrigins: config.cors.origins,
    open: config.open,
    region: config.region,
    faults: logger,
    logs,
    health,
    version,
  });
  let draining = false;
  const forgetCheck = health.add('gateway', () => (draining ? 'draining' : undefined));
  const connections = new Connections();
  app.server.on('connection', (socket) => connections.add(socket));
  const address = await app.listen({ host: config.host, port: config.port });

  return {
    address,
    /** Sends each client away with its next answer: they leave at the pace of their own requests. Idle ones go when it closes. */
    async drain() {
      draining = true;
      leave();
      await connections.noneWithin(config.drainMs);
    },
    async close() {
      await app.close();
      forgetCheck();
    },
  };
}
