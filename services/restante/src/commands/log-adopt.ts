import { loadConfig } from '@restante/runtime';
import { Usage } from '../failure.js';
import { type Io, print } from '../io.js';

/** `restante log adopt`: makes data that was restored from a backup the history from now on, under a new epoch (I11). */
export async function adoptLogs(
  io: Io,
  file: string | undefined,
  flags: ReadonlyMap<string, string>,
  name: string | undefined,
): Promise<void> {
  const { config } = loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags });
  if (config.backend.kind !== 'lmdb') throw new Usage('a backend in memory has nothing to adopt');
  const { adoptLmdbLogs } = await import('@restante/backend/lmdb');
  const adopted = await adoptLmdbLogs(config.backend.folder, name);
  for (const { log, epoch, head } of adopted) await print(io, `${log}: epoch ${epoch} from ${head} on\n`);
}
