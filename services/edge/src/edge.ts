import type { AddressInfo } from 'node:net';
import type { Policy } from '@restante/auth';
import type { Bus, Log } from '@restante/backend';
import { createHttp } from '@restante/http';
import { type Namespaces, RestanteError } from '@restante/protocol';
import type { Health, Logger, Metrics, Part } from '@restante/runtime';
import { startDeliverer } from './deliverer.js';
import { SocketServer } from './socket/socket-server.js';
import { Sockets } from './sockets.js';
import { onUpgrade } from './upgrade.js';
import { Streams } from './stream/stream-routes.js';
import { createWaiting } from './waiting.js';

/**
 * An edge: holds the connections of readers (WebSocket, SSE, long poll) and serves every client route, publishing included.
 * It keeps nothing that another edge could not do without: any edge may take any client at any cursor (I4).
 */

export interface EdgeConfig {
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly heartbeatMs: number;
  readonly drainMs: number;
  readonly socketHighWaterBytes: number;
  /** Per log. */
  readonly ringBytes: number;
  readonly messageBytesMax: number;
  readonly corsOrigins: readonly string[];
  /** No policy: for this machine only. */
  readonly open: boolean;
}

export interface EdgeDeps {
  readonly bus: Bus;
  /** By id; one for every namespace. The edge uses them and does not close them. */
  readonly logs: ReadonlyMap<string, Log>;
  readonly namespaces: Namespaces;
  /** By the namespace's name. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
}

export interface RunningEdge extends Part {
  /** `http://127.0.0.1:8080`: where it really listens. */
  readonly address: string;
  drain(): Promise<void>;
}

/** Handshakes that wait to be taken. When thousands come back at once, one beyond it is dropped, tries again seconds later, or is reset. */
const BACKLOG = 4_096;

export async function startEdge(config: EdgeConfig, deps: EdgeDeps): Promise<RunningEdge> {
  const { host, port, region, heartbeatMs, drainMs, version, open, corsOrigins, messageBytesMax } = config;
  const { bus, logs, namespaces, policies, logger, metrics, health } = deps;
  const deliverer = startDeliverer({ region, ringBytes: config.ringBytes, heartbeatMs, bus, logs, logger, metrics });
  const { edge } = deliverer;
  const { app, context, leave } = createHttp({
    namespaces,
    logs,
    policies,
    version,
    region,
    limits: { messageBytesMax },
    corsOrigins,
    open,
    waiting: createWaiting(deliverer),
    faults: logger,
    health,
  });
  const onFault = (err: unknown): RestanteError => {
    if (err instanceof RestanteError) return err;
    logger.error({ err }, 'a request of a reader failed');
    return new RestanteError('INTERNAL', 'the request failed');
  };
  const sockets = new Sockets(config.socketHighWaterBytes, metrics);
  const streams = new Streams(context, deliverer, sockets, heartbeatMs, onFault);
  streams.addRoutes(app);
  const socketServer = new SocketServer(
    { version, region, heartbeatMs, messageBytesMax, open, corsOrigins },
    { context, deliverer, sockets, onFault },
  );
  app.get('/v1/socket', (_request, reply) => {
    reply.header('upgrade', 'websocket');
    throw new RestanteError('UPGRADE_REQUIRED', 'open this address as a WebSocket');
  });
  onUpgrade(app.server, (request, socket, head) => socketServer.onUpgrade(request, socket, head));
  addGauges(metrics, deliverer.edge, context.waits);

  let leaving = false;
  const forgetCheck = health.add('edge', () => {
    if (leaving) return 'draining';
    const { silentLogs, wantedLogs } = edge;
    // One log that is lost must not take the readers of all others away from every edge.
    return silentLogs.length === 0 || silentLogs.length < wantedLogs ? undefined : `no frames arrive of ${silentLogs.join(', ')}`;
  });
  const close = async (): Promise<void> => {
    streams.close();
    socketServer.close();
    await app.close();
    deliverer.close();
    forgetCheck();
  };
  try {
    await app.listen({ host, port, backlog: BACKLOG });
  } catch (error) {
    await close();
    throw error;
  }
  const { port: taken } = app.server.address() as AddressInfo;

  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async drain() {
      leaving = true;
      leave();
      await Promise.all([socketServer.drain(drainMs), streams.drain(drainMs)]);
    },
    close,
  };
}

function addGauges(
  metrics: Metrics,
  edge: ReturnType<typeof startDeliverer>['edge'],
  waits: { count: number; shared: number } | undefined,
): void {
  metrics.gauge('restante_edge_readers', 'Readers, by log that they touch.', [], (gauge) => gauge.set(edge.sizes.readers));
  metrics.gauge('restante_edge_interests', 'Patterns that readers here are interested in.', [], (gauge) => gauge.set(edge.sizes.interests));
  metrics.gauge('restante_edge_audiences', 'Groups of connections that hear the same.', [], (gauge) => gauge.set(edge.sizes.audiences));
  metrics.gauge('restante_edge_ring_bytes', 'Recent entries kept in memory.', [], (gauge) => gauge.set(edge.sizes.ringBytes));
  metrics.gauge('restante_http_waits', 'Requests in long polls.', [], (gauge) => gauge.set(waits?.count ?? 0));
  metrics.gauge('restante_http_shared_waits', 'Waits that they share.', [], (gauge) => gauge.set(waits?.shared ?? 0));
}
