import { type Config, createLogger, Health, Lifecycle, type Logger, Metrics, startAdmin } from '@restante/runtime';
import { openBackend } from './open-backend.js';
import { openLogs } from './open-logs.js';
import { type Role, START } from './parts.js';

/** The composition root: one process, everything in it or one part of a cluster, from its configuration to its end. */

export interface Running {
  /** `http://127.0.0.1:8080`; undefined where no part listens for clients. */
  readonly address: string | undefined;
  /** Undefined where there is no admin port. */
  readonly adminAddress: string | undefined;
  /** What "stored" survives. */
  readonly durability: string;
  /** Drains, then closes in reverse order; once, however often it is called. @returns whether all of it was done in time */
  stop(): Promise<boolean>;
}

/** A process that serves clients. */
export interface Restante extends Running {
  readonly address: string;
}

interface Options {
  readonly logger?: Logger;
}

/** Draining that is asked to take `drainMs` is late only after this much more. */
const DRAIN_SLACK_MS = 1_000;
/** Enough for the last commit on a slow disk. */
const CLOSE_MS_MAX = 5_000;

/** Everything in one process, wired as it is between machines. */
export async function start(config: Config, options: Options = {}): Promise<Restante> {
  const { address, ...running } = await startRoles(['router', 'edge'], config, options);
  if (address === undefined) throw new Error('an edge has an address');
  return { address, ...running };
}

/** A process of these parts, started in this order. Nothing of it is left running where one of them cannot start. */
export async function startRoles(roles: readonly Role[], config: Config, { logger = loggerOf(config) }: Options = {}): Promise<Running> {
  const lifecycle = new Lifecycle({ logger, drainMsMax: config.drainMs + DRAIN_SLACK_MS, closeMsMax: CLOSE_MS_MAX });
  try {
    return await startParts(roles, config, lifecycle, logger);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

function loggerOf({ logLevel, logFormat }: Config): Logger {
  return createLogger({ level: logLevel, format: logFormat });
}

async function startParts(roles: readonly Role[], config: Config, lifecycle: Lifecycle, logger: Logger): Promise<Running> {
  const { host, adminPort } = config;
  const metrics = new Metrics();
  const health = new Health();
  let state: string | undefined = 'starting';
  health.add('process', () => state);

  const admin =
    adminPort === undefined ? undefined : await lifecycle.start('admin', () => startAdmin({ host, port: adminPort, health, metrics }));
  if (admin !== undefined) metrics.collectProcess();

  const backend = await lifecycle.start('backend', () => openBackend(config, { name: `restante ${roles.join(' ')}`, logger }));
  health.add('backend', () => backend.trouble());
  const logs = await openLogs(backend, config);
  const skippedHelp = 'Stored messages that were passed over: none of a mailbox of this log, or too large. Each as often as it was met.';
  metrics.gauge('restante_log_skipped', skippedHelp, ['log'], (gauge) => {
    for (const { name, skipped } of logs.values()) if (skipped !== undefined) gauge.set({ log: name }, skipped);
  });
  let address: string | undefined;
  for (const role of roles) {
    const part = await lifecycle.start(role, () => START[role]({ config, backend, logs, logger, metrics, health }));
    address = part.address ?? address;
  }
  state = undefined;
  return {
    address,
    adminAddress: admin?.address,
    durability: backend.durability,
    stop() {
      state = 'draining';
      return lifecycle.stop();
    },
  };
}
