import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { logOfNamespace, REST_LOG, RestanteError } from '@restante/protocol';
import { type Config, loadConfig } from '@restante/runtime';
import { Usage } from '../failure.js';
import { type Io, print } from '../io.js';
import { natsOptions } from '../nats-backend.js';
import { logPolicies } from '../open-logs.js';

/** `restante log adopt` and `restante log recreate`: what a person decides about a log's history, each time under a new epoch (I11). */

export interface LogCommand {
  readonly io: Io;
  readonly file: string | undefined;
  readonly flags: ReadonlyMap<string, string>;
}

/** What the servers of a cluster call whoever does this. */
const NAME = 'restante log';

/** Makes what is there, restored from a backup, the history from now on: of one namespace, or of every one that is configured. */
export async function adoptLogs(command: LogCommand, namespace: string | undefined): Promise<void> {
  const config = configOf(command);
  const adopt = await adopterOf(config);
  for (const name of namespace === undefined ? config.namespaces.keys() : [namespace]) {
    await adopt(logOf(name));
    await print(command.io, `${name}: adopted, under a new epoch\n`);
  }
}

/** Deletes what there is of a log on NATS, and begins a new history. */
export async function recreateLog(command: LogCommand, namespace: string, isMeant: boolean): Promise<void> {
  const config = configOf(command);
  const { backend } = config;
  if (backend.kind !== 'nats') throw new Usage('only a log on NATS is made anew; of a folder, restante log adopt takes over what there is');
  const log = logOf(namespace);
  const policy = logPolicies(config).get(log);
  if (policy === undefined) throw new Usage(`there is no namespace ${JSON.stringify(namespace)} in this configuration`);
  if (!isMeant) throw new Usage(`this deletes every message of ${namespace}, for good; say --yes to do it`);
  const { recreateNatsLog } = await import('@restante/backend/nats');
  await recreateNatsLog(natsOptions(backend, config, NAME), log, policy);
  await print(command.io, `${namespace}: made anew, empty, under a new epoch\n`);
}

function configOf({ io, file, flags }: LogCommand): Config {
  return loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags }).config;
}

/** `_` is what logs and messages call the log of `*`. */
function logOf(namespace: string): string {
  return namespace === REST_LOG ? REST_LOG : logOfNamespace(namespace);
}

async function adopterOf(config: Config): Promise<(log: string) => Promise<void>> {
  const { backend } = config;
  if (backend.kind === 'memory') throw new Usage('a backend in memory has nothing to adopt');
  if (backend.kind === 'nats') {
    const { adoptNatsLog } = await import('@restante/backend/nats');
    return (log) => adoptNatsLog(natsOptions(backend, config, NAME), log);
  }
  const { folder } = backend;
  await refuseWithoutData(folder);
  const { logAdopt } = await import('@restante/backend/lmdb');
  return async (log) => {
    try {
      await logAdopt(folder, log);
    } catch (error) {
      if (!(error instanceof RestanteError) || error.code !== 'LOG_MISMATCH') throw error;
      const name = JSON.stringify(log === REST_LOG ? '*' : log);
      const message = `${folder} holds no log of the namespace ${name}; restante log adopt <namespace> adopts one alone`;
      throw new RestanteError('LOG_MISMATCH', message, { cause: error });
    }
  };
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
