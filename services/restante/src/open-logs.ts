import type { Backend, Log, LogPolicy } from '@restante/backend';
import {
  currentEpoch,
  LIMITS,
  logOfNamespace,
  type Pattern,
  type Position,
  parsePattern,
  REST_LOG,
  RestanteError,
} from '@restante/protocol';
import type { Config } from '@restante/runtime';

/** The log of every namespace, by its id, as it is configured to be. */
export function logPolicies({ namespaces, idWindowMs }: Config): ReadonlyMap<string, LogPolicy> {
  return new Map(
    [...namespaces].map(([name, { history, replicas }]) => [
      logOfNamespace(name),
      { ...history, idWindowMs, ...(replicas === undefined ? {} : { replicas }) },
    ]),
  );
}

/** Opens the log of every namespace with its policy. */
export async function openLogs(backend: Backend, config: Config): Promise<ReadonlyMap<string, Log>> {
  const logs = new Map<string, Log>();
  for (const [log, policy] of logPolicies(config)) logs.set(log, await backend.openLog(log, policy));
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
  if (rest === undefined) return;
  for (const name of logs.keys()) {
    if (name === REST_LOG || !(await holdsMessages(rest, [parsePattern(`/${name}`), parsePattern(`/${name}/**`)]))) continue;
    throw new RestanteError(
      'CONFIG_INVALID',
      `namespaces.${name}: messages of /${name} lie in the log of "*" already; export and purge them while "*" still takes them, or choose another name`,
    );
  }
}

/** Purged mailboxes hold none: of them only the entry that says so is left. */
async function holdsMessages(log: Log, patterns: readonly Pattern[]): Promise<boolean> {
  for (let after: Position | 'earliest' = 'earliest'; ; ) {
    const { entries, next, head, epochs } = await log.read({ patterns, after, mode: 'latest', limit: 1_000, bytes: LIMITS.pageBytesMax });
    if (entries.some(({ kind }) => kind !== 'purged')) return true;
    if (next >= head) return false;
    after = { epoch: currentEpoch(epochs), seq: next };
  }
}
