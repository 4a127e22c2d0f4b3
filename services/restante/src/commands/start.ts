import { createLogger, loadConfig, untilSignal } from '@restante/runtime';
import { EXIT } from '../failure.js';
import { type Io, print } from '../io.js';
import { start } from '../start.js';

/** `restante start`: everything in one process, until SIGTERM or Ctrl-C. */
export async function startCommand(io: Io, file: string | undefined, flags: ReadonlyMap<string, string>): Promise<number> {
  const { config, warnings } = loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags });
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  for (const warning of warnings) logger.warn(warning);
  const signalled = untilSignal(logger);
  const restante = await start(config, { logger });
  await print(io, greeting(restante.address, restante.adminAddress, restante.durability));
  await signalled;
  return (await restante.stop()) ? EXIT.ok : EXIT.failed;
}

/** The address comes first, alone on its line: scripts wait for it. */
function greeting(address: string, adminAddress: string | undefined, durability: string): string {
  const admin = adminAddress === undefined ? '' : `Health and metrics: ${adminAddress}/metrics\n`;
  return `Restante listens on ${address}
${admin}${durability}

Try, in another terminal:
  curl -N '${address}/v1/stream?mailbox=/hello/**'
  curl -d '{"text":"Hello"}' ${address}/v1/mailboxes/hello/world
  curl '${address}/v1/mailboxes/hello/world'
`;
}
