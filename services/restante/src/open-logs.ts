import type { Backend, Log } from '@restante/backend';
import { Namespaces, parsePattern, REST_LOG, RestanteError } from '@restante/protocol';
import type { Config } from '@restante/runtime';

/** Opens the log of every namespace with its policy. */
export async function openLogs(backend: Backend, { namespaces, idWindowMs }: Config): Promise<ReadonlyMap<string, Log>> {
  const logs = new Map<string, Log>();
  for (const [name, { history }] of namespaces) {
    const log = name === '*' ? REST_LOG : name;
    logs.set(log, await backend.openLog(log, { ...history, idWindowMs }));
  }
  await refuseMovedNames(logs);
  return logs;
}

/**
 * Messages of `/elections/…` that were stored while no namespace `elections` existed lie in the log of `*`, and would vanish from
 * their readers if the names moved to a log of their own.
 * @throws RestanteError `CONFIG_INVALID`
 */
async function refuseMovedNames(logs: ReadonlyMap<string, Log>): Promise<void> {
  const rest = logs.get(REST_LOG);
  const named = new Namespaces(logs.keys()).logs.filter((log) => log !== REST_LOG);
  for (const name of rest === undefined ? [] : named) {
    const patterns = [parsePattern(`/${name}`), parsePattern(`/${name}/**`)];
    const page = await rest?.read({ patterns, after: 'earliest', mode: 'every', limit: 1, bytes: 1 });
    if (page !== undefined && page.entries.length > 0) {
      throw new RestanteError(
        'CONFIG_INVALID',
        `namespaces.${name}: messages of /${name} lie in the log of "*" already; export them first, or choose another name`,
      );
    }
  }
}
