import { logOfNamespace } from '@restante/protocol';
import { loadConfig } from '@restante/runtime';
import { Usage } from '../failure.js';
import { type Io, print } from '../io.js';

/** `restante log adopt`: makes data that was restored from a backup the history from now on, under new epochs (I11). */
export async function adoptLogs(
  io: Io,
  file: string | undefined,
  flags: ReadonlyMap<string, string>,
  namespace: string | undefined,
): Promise<void> {
  const { config } = loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags });
  if (config.backend.kind !== 'lmdb') throw new Usage('a backend in memory has nothing to adopt');
  const { logAdopt } = await import('@restante/backend/lmdb');
  for (const name of namespace === undefined ? config.namespaces.keys() : [namespace]) {
    await logAdopt(config.backend.folder, logOfNamespace(name));
    await print(io, `${name}: adopted, under a new epoch\n`);
  }
}
