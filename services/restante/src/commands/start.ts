import type { Config } from '@restante/runtime';
import { createLogger, loadConfig, untilSignal } from '@restante/runtime';
import { EXIT } from '../failure.js';
import { type Io, print } from '../io.js';
import { reachable } from '../reachable.js';
import { type Restante, start } from '../start.js';

/** `restante start`: everything in one process, until SIGTERM or Ctrl-C. */
export async function startCommand(io: Io, file: string | undefined, flags: ReadonlyMap<string, string>): Promise<number> {
  const { config, warnings } = loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags });
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  for (const warning of warnings) logger.warn(warning);
  const signalled = untilSignal(logger);
  const restante = await start(config, { logger });
  await print(io, greeting(restante, config.namespaces, process.pid));
  await signalled;
  return (await restante.stop()) ? EXIT.ok : EXIT.failed;
}

/** The address comes first, alone on its line: scripts wait for it. */
export function greeting(
  { address, adminAddress, durability }: Omit<Restante, 'stop'>,
  namespaces: Config['namespaces'],
  processId: number,
): string {
  const admin = adminAddress === undefined ? '' : `Health and metrics: ${reachable(adminAddress)}/metrics\n`;
  const lines = linesToTry(reachable(address), namespaces).map((line) => `  ${line}\n`);
  const tries = lines.length === 0 ? '' : `\nTry, in another terminal:\n${lines.join('')}`;
  return `Restante listens on ${address}\n(process ${processId})\n${admin}${durability}\n${tries}`;
}

/** In the namespace that allows most, and only what it allows. */
function linesToTry(url: string, namespaces: Config['namespaces']): string[] {
  const allowed = [...namespaces].map(([name, { read, publish }]) => ({ name, read: read === 'public', publish: publish === 'public' }));
  const [most] = allowed.toSorted((a, b) => Number(b.read) + Number(b.publish) - Number(a.read) - Number(a.publish));
  if (most === undefined) return [];
  const segment = most.name === '*' ? 'hello' : most.name;
  return [
    ...(most.read ? [`curl -N '${url}/v1/stream?mailbox=/${segment}/**'`] : []),
    ...(most.publish ? [`curl -d '{"text":"Hello"}' ${url}/v1/mailboxes/${segment}/world`] : []),
    ...(most.read ? [`curl '${url}/v1/mailboxes/${segment}/world'`] : []),
  ];
}
