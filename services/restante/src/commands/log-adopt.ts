import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { logOfNamespace, RestanteError } from '@restante/protocol';
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
  const { folder } = config.backend;
  await refuseWithoutData(folder);
  const { logAdopt } = await import('@restante/backend/lmdb');
  for (const name of namespace === undefined ? config.namespaces.keys() : [namespace]) {
    try {
      await logAdopt(folder, logOfNamespace(name));
    } catch (error) {
      if (!(error instanceof RestanteError) || error.code !== 'LOG_MISMATCH') throw error;
      const message = `${folder} holds no log of the namespace ${JSON.stringify(name)}; restante log adopt <namespace> adopts one alone`;
      throw new RestanteError('LOG_MISMATCH', message, { cause: error });
    }
    await print(io, `${name}: adopted, under a new epoch\n`);
  }
}

/** Opening data that is not there would make an empty folder of it. @throws Usage */
async function refuseWithoutData(folder: string): Promise<void> {
  try {
    await access(join(folder, 'data.mdb'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Usage(
      code === 'ENOENT' ? `there is no data in ${folder}; --backend names another folder` : `${folder} cannot be read: ${code}`,
      {
        cause: error,
      },
    );
  }
}
