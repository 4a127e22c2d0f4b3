import type { Backend, Log } from '@restante/backend';
import { startEdge } from '@restante/edge';
import { startGateway } from '@restante/gateway';
import { logOfNamespace, Namespaces } from '@restante/protocol';
import { startRouter } from '@restante/router';
import type { Config, Health, Logger, Metrics, Part } from '@restante/runtime';
import { VERSION } from './version.js';

/**
 * What a process may be made of, each wired to what the process has once: the backend, its logs, logger, metrics, health. Parts know each
 * other only through the backend, so they run in one process as they do in many.
 */

export type Role = 'edge' | 'router' | 'gateway';

export interface Surroundings {
  readonly config: Config;
  readonly backend: Backend;
  /** By id; one for every namespace. */
  readonly logs: ReadonlyMap<string, Log>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
}

/** `address`: where it listens for clients, if it does. */
type StartedPart = Part & { readonly address?: string };

export const START: Readonly<Record<Role, (surroundings: Surroundings) => Promise<StartedPart>>> = {
  edge({ config, backend: { bus }, logs, ...observed }) {
    const namespaces = new Namespaces(config.namespaces.keys());
    const edgeConfig = { ...config, version: VERSION, corsOrigins: config.cors.origins };
    return startEdge(edgeConfig, { bus, logs, namespaces, policies: config.namespaces, ...observed });
  },
  router({ config, backend: { bus, lease }, logs, ...observed }) {
    return startRouter({ ...config, snapshots: snapshotsOf(config) }, { bus, lease, logs, ...observed });
  },
  gateway({ config, logs, logger, health }) {
    return startGateway(config, { logs, logger, health, version: VERSION });
  },
};

/** Ids of the logs whose newest entries are kept in memory. */
function snapshotsOf({ namespaces }: Config): ReadonlySet<string> {
  const names = [...namespaces].filter(([, { snapshot }]) => snapshot).map(([name]) => name);
  return new Set(names.map(logOfNamespace));
}
