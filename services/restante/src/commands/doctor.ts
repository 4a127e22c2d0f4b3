import type { Finding } from '@restante/backend';
import { type Config, isLoopback, loadConfig } from '@restante/runtime';
import { EXIT, Refused } from '../failure.js';
import { Server } from '../http/server.js';
import { type Io, print } from '../io.js';
import { reachable } from '../reachable.js';
import { checkFolder, checkLogs, openData, whyNot } from './doctor-data.js';

/** `restante doctor`: looks at everything that a server needs, one line each, and says how to mend what is wrong. */

export type Say = (state: Finding['state'], subject: string, text: string) => Promise<void>;

export async function doctor(
  io: Io,
  file: string | undefined,
  flags: ReadonlyMap<string, string>,
  url: string | undefined,
): Promise<number> {
  let isWell = true;
  const say: Say = async (state, subject, text) => {
    if (state === 'bad') isWell = false;
    await print(io, `${state.padEnd(4)} ${subject.padEnd(14)} ${text}\n`);
  };
  const config = await checkConfiguration(io, file, flags, say);
  if (config === undefined) return EXIT.usage;
  await (config.backend.kind === 'nats' ? checkCluster(io, config, url, say) : checkProcess(io, config, url, say));
  return isWell ? EXIT.ok : EXIT.failed;
}

async function checkConfiguration(
  io: Io,
  file: string | undefined,
  flags: ReadonlyMap<string, string>,
  say: Say,
): Promise<Config | undefined> {
  try {
    const loaded = loadConfig({ ...(file === undefined ? {} : { file }), env: io.env, flags });
    await say('ok', 'configuration', loaded.file ?? 'no file, so the defaults');
    for (const warning of loaded.warnings) await say('note', 'configuration', warning);
    const { open, host, namespaces } = loaded.config;
    if (open) await say('note', 'policy', 'open to everybody on this machine: no namespaces are configured');
    else if (!isLoopback(host)) {
      const writable = [...namespaces].filter(([, { publish }]) => publish === 'public').map(([name]) => name);
      if (writable.length > 0) await say('note', 'policy', `everybody who reaches ${host} may publish to ${writable.join(', ')}`);
    }
    return loaded.config;
  } catch (error) {
    await say('bad', 'configuration', (error as Error).message);
    return undefined;
  }
}

/** Data that one process has for itself. */
async function checkProcess(io: Io, config: Config, url: string | undefined, say: Say): Promise<void> {
  const hasData = config.backend.kind !== 'lmdb' || (await checkFolder(config.backend.folder, config.reserveBytes, say));
  const data = hasData ? await openData(config) : undefined;
  // Data that nobody uses has no server: what answers at its address would be somebody else's.
  const isServing = await checkServer(io, url ?? (data?.isInUse === true ? addressOf(config) : undefined), say);
  if (data === undefined) return;
  if (data.backend !== undefined) await checkLogs(data.backend, config, say);
  else if (data.isInUse && isServing) await say('ok', 'lock', 'the data is in use by the running server; stop it to look at the logs');
  else for (const { state, subject, text } of await whyNot(data, config)) await say(state, subject, text);
}

/** Servers that many processes share: any of ours may be asked, so whoever wants to know of one names it. */
async function checkCluster(io: Io, config: Config, url: string | undefined, say: Say): Promise<void> {
  const data = await openData(config);
  if (data.backend !== undefined) await checkLogs(data.backend, config, say);
  else for (const { state, subject, text } of await whyNot(data, config)) await say(state, subject, text);
  await checkServer(io, url, say);
}

function addressOf({ host, port }: Config): string | undefined {
  return port === 0 ? undefined : reachable(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
}

/** @returns whether a server answers, ready or not. */
async function checkServer({ signal }: Io, url: string | undefined, say: Say): Promise<boolean> {
  if (url === undefined) {
    await say('note', 'server', 'not asked: no address is known of a server with this data; --url names one');
    return false;
  }
  try {
    await new Server(url).text('/readyz', { signal });
    await say('ok', 'server', `${url} is ready`);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Refused)) {
      await say('note', 'server', `nobody answers at ${url}`);
      return false;
    }
    const { reasons } = error.problem as { reasons?: string[] };
    await say('bad', 'server', `${url} is not ready: ${reasons?.join(', ') ?? error.message}`);
  }
  return true;
}
