import { access, constants, statfs } from 'node:fs/promises';
import type { Backend } from '@restante/backend';
import { currentEpoch, RestanteError } from '@restante/protocol';
import { type Config, formatQuantity, isLoopback, loadConfig } from '@restante/runtime';
import { EXIT, inWords, Refused } from '../failure.js';
import { Server } from '../http/server.js';
import { type Io, print } from '../io.js';
import { openBackend } from '../open-backend.js';
import { openLogs } from '../open-logs.js';
import { reachable } from '../reachable.js';

/** `restante doctor`: looks at everything that a server needs, one line each, and says how to mend what is wrong. */

type State = 'ok' | 'note' | 'bad';
type Say = (state: State, subject: string, text: string) => Promise<void>;

export async function doctor(
  io: Io,
  file: string | undefined,
  flags: ReadonlyMap<string, string>,
  url: string | undefined,
): Promise<number> {
  let isWell = true;
  const say: Say = async (state, subject, text) => {
    if (state === 'bad') isWell = false;
    await print(io, `${state.padEnd(5)}${subject.padEnd(15)}${text}\n`);
  };
  const config = await checkConfiguration(io, file, flags, say);
  if (config === undefined) return EXIT.usage;
  const hasData = config.backend.kind !== 'lmdb' || (await checkFolder(config.backend.folder, config.reserveBytes, say));
  const data = hasData ? await openData(config) : undefined;
  // Data that nobody uses has no server: what answers at its address would be somebody else's.
  const isServing = await checkServer(io, url ?? (data?.isInUse === true ? addressOf(config) : undefined), say);
  if (data !== undefined) await checkLogs(config, data, isServing, say);
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

/** @returns whether there is data to look at; a folder that is not there is not made. */
async function checkFolder(folder: string, reserveBytes: number, say: Say): Promise<boolean> {
  try {
    await access(folder, constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') await say('note', 'data', `${folder} is not there yet: the first start makes it`);
    else await say('bad', 'data', `${folder} cannot be read and written: ${code}`);
    return false;
  }
  await say('ok', 'data', `${folder} can be read and written`);
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const text = `${Math.floor(freeBytes / 1024 ** 2).toLocaleString('en')} MiB free; publishing stops below ${formatQuantity('bytes', reserveBytes)}`;
  const enough: State = freeBytes < 4 * reserveBytes ? 'note' : 'ok';
  await say(freeBytes < reserveBytes ? 'bad' : enough, 'disk', text);
  return true;
}

interface Data {
  readonly backend?: Backend;
  /** Why it could not be opened. */
  readonly error?: unknown;
  /** By another process. */
  readonly isInUse: boolean;
}

async function openData(config: Config): Promise<Data> {
  try {
    return { backend: await openBackend(config), isInUse: false };
  } catch (error) {
    return { error, isInUse: error instanceof RestanteError && error.code === 'DATA_IN_USE' };
  }
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

async function checkLogs(config: Config, { backend, error, isInUse }: Data, isServing: boolean, say: Say): Promise<void> {
  if (isInUse && isServing) return say('ok', 'lock', 'the data is in use by the running server; stop it to look at the logs');
  if (backend === undefined) return say('bad', isInUse ? 'lock' : 'logs', inWords(error));
  try {
    await say('ok', 'durability', backend.durability);
    for (const [name, log] of await openLogs(backend, config)) {
      const { epochs, floor, head } = await log.state();
      await say('ok', `log ${name}`, `epoch ${currentEpoch(epochs)} (${epochs.length} in its line), head ${head}, floor ${floor}`);
    }
  } catch (fault) {
    await say('bad', 'logs', inWords(fault));
  } finally {
    await backend.close();
  }
}
