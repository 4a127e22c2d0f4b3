import { startEdge } from '@restante/edge';
import { logOfNamespace, Namespaces } from '@restante/protocol';
import { startRouter } from '@restante/router';
import { type Config, createLogger, Health, Lifecycle, type Logger, Metrics, startAdmin } from '@restante/runtime';
import { openBackend } from './open-backend.js';
import { openLogs } from './open-logs.js';
import { VERSION } from './version.js';

/**
 * The composition root: everything in one process, wired as it is between machines. Router and edge know each other only through
 * the bus, so what runs here is what runs in a cluster.
 */

export interface Restante {
  /** `http://127.0.0.1:8080` */
  readonly address: string;
  /** Undefined where there is no admin port. */
  readonly adminAddress: string | undefined;
  /** What "stored" survives. */
  readonly durability: string;
  /** Drains, then closes in reverse order; once, however often it is called. @returns whether all of it was done in time */
  stop(): Promise<boolean>;
}

/** Draining that is asked to take `drainMs` is late only after this much more. */
const DRAIN_SLACK_MS = 1_000;
/** Enough for the last commit on a slow disk. */
const CLOSE_MS_MAX = 5_000;

export async function start(config: Config, { logger = loggerOf(config) }: { readonly logger?: Logger } = {}): Promise<Restante> {
  const lifecycle = new Lifecycle({ logger, drainMsMax: config.drainMs + DRAIN_SLACK_MS, closeMsMax: CLOSE_MS_MAX });
  try {
    return await startParts(config, lifecycle, logger);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

function loggerOf({ logLevel, logFormat }: Config): Logger {
  return createLogger({ level: logLevel, format: logFormat });
}

async function startParts(config: Config, lifecycle: Lifecycle, logger: Logger): Promise<Restante> {
  const { host, adminPort } = config;
  const metrics = new Metrics();
  const health = new Health();
  let state: string | undefined = 'starting';
  health.add('process', () => state);

  const admin =
    adminPort === undefined ? undefined : await lifecycle.start('admin', () => startAdmin({ host, port: adminPort, health, metrics }));
  if (admin !== undefined) metrics.collectProcess();

  const backend = await lifecycle.start('backend', () => openBackend(config));
  const { bus, lease, durability } = backend;
  const logs = await openLogs(backend, config);
  await lifecycle.start('router', () => startRouter({ ...config, snapshots: snapshotsOf(config) }, { bus, lease, logs, logger, metrics }));
  const edge = await lifecycle.start('edge', () =>
    startEdge(
      { ...config, version: VERSION, corsOrigins: config.cors.origins },
      { bus, logs, namespaces: new Namespaces(config.namespaces.keys()), policies: config.namespaces, logger, metrics, health },
    ),
  );
  state = undefined;
  return {
    address: edge.address,
    adminAddress: admin?.address,
    durability,
    stop() {
      state = 'draining';
      return lifecycle.stop();
    },
  };
}

/** Ids of the logs whose newest entries are kept in memory. */
function snapshotsOf({ namespaces }: Config): ReadonlySet<string> {
  const names = [...namespaces].filter(([, { snapshot }]) => snapshot).map(([name]) => name);
  return new Set(names.map(logOfNamespace));
}
