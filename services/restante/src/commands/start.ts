import { RestanteError } from '@restante/protocol';
import type { Config } from '@restante/runtime';
import { createLogger, loadConfig, untilSignal } from '@restante/runtime';
import { EXIT } from '../failure.js';
import { type Io, print } from '../io.js';
import type { Role } from '../parts.js';
import { reachable } from '../reachable.js';
import { type Running, start, startRoles } from '../start.js';

/** `restante start`: everything in one process; `restante edge`, `router`, `gateway`: one part of a cluster. Until SIGTERM or Ctrl-C. */
export async function startCommand(
  io: Io,
  file: string | undefined,
  flags: ReadonlyMap<string, string>,
  role: Role | 'all' = 'all',
): Promise<number> {
  const { config, warnings } = loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags });
  if (role !== 'all') refuseUnshared(config.backend, role);
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  for (const warning of warnings) logger.warn(warning);
  const signalled = untilSignal(logger);
  const running = role === 'all' ? await start(config, { logger }) : await startRoles([role], config, { logger });
  await print(io, greeting(role, running, config.namespaces, process.pid));
  await signalled;
  return (await running.stop()) ? EXIT.ok : EXIT.failed;
}

/** @throws RestanteError `CONFIG_INVALID` */
function refuseUnshared({ kind }: Config['backend'], role: Role): void {
  if (kind === 'nats') return;
  throw new RestanteError(
    'CONFIG_INVALID',
    `restante ${role} is one of several processes, which need a backend that they share: --backend nats://<host>:<port>. ` +
      `${kind === 'memory' ? 'memory: is' : 'lmdb: is a folder'} for one process alone; restante start runs everything in it`,
  );
}

/** What it is and its address come first, alone on their line: scripts wait for it. */
export function greeting(
  role: Role | 'all',
  { address, adminAddress, durability }: Omit<Running, 'stop'>,
  namespaces: Config['namespaces'],
  processId: number,
): string {
  const name = role === 'all' ? 'Restante' : `Restante ${role}`;
  const does = address === undefined ? `serves ${[...namespaces.keys()].join(', ')}` : `listens on ${address}`;
  const noAdmin = address === undefined ? 'No port for health and metrics: --admin-port gives one\n' : '';
  const admin = adminAddress === undefined ? noAdmin : `Health and metrics: ${reachable(adminAddress)}/metrics\n`;
  const lines = address === undefined ? [] : linesToTry(reachable(address), namespaces, role !== 'gateway').map((line) => `  ${line}\n`);
  const tries = lines.length === 0 ? '' : `\nTry, in another terminal:\n${lines.join('')}`;
  return `${name} ${does}\n(process ${processId})\n${admin}${durability}\n${tries}`;
}

/** In the namespace that allows most, and only what it allows. A gateway holds no streams. */
function linesToTry(url: string, namespaces: Config['namespaces'], hasStreams: boolean): string[] {
  const allowed = [...namespaces].map(([name, { read, publish }]) => ({ name, read: read === 'public', publish: publish === 'public' }));
  const [most] = allowed.toSorted((a, b) => Number(b.read) + Number(b.publish) - Number(a.read) - Number(a.publish));
  if (most === undefined) return [];
  const segment = most.name === '*' ? 'hello' : most.name;
  return [
    ...(most.read && hasStreams ? [`curl -N '${url}/v1/stream?mailbox=/${segment}/**'`] : []),
    ...(most.publish ? [`curl -d '{"text":"Hello"}' ${url}/v1/mailboxes/${segment}/world`] : []),
    ...(most.read ? [`curl '${url}/v1/mailboxes/${segment}/world'`] : []),
  ];
}
