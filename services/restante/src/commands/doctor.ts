import { access, constants, statfs } from 'node:fs/promises';
import type { Backend } from '@restante/backend';
import { currentEpoch, RestanteError } from '@restante/protocol';
import { type Config, formatQuantity, isLoopback, loadConfig } from '@restante/runtime';
import { EXIT, Refused } from '../failure.js';
import { Server } from '../http/server.js';
import { type Io, print } from '../io.js';
import { openBackend } from '../open-backend.js';
import { openLogs } from '../open-logs.js';

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
  const isServing = await checkServer(io, url ?? addressOf(config), say);
  if (hasData) await checkLogs(config, isServing, say);
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

function addressOf({ host, port }: Config): string | undefined {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return port === 0 ? undefined : `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** @returns whether a server answers, ready or not. */
async function checkServer({ signal }: Io, url: string | undefined, say: Say): Promise<boolean> {
  if (url === undefined) {
    await say('note', 'server', 'port 0 takes any: give --url to ask a running server');
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

async function checkLogs(config: Config, isServing: boolean, say: Say): Promise<void> {
  let backend: Backend | undefined;
  try {
    backend = await openBackend(config);
    await say('ok', 'durability', backend.durability);
    for (const [name, log] of await openLogs(backend, config)) {
      const { epochs, floor, head } = await log.state();
      await say('ok', `log ${name}`, `epoch ${currentEpoch(epochs)} (${epochs.length} in its line), head ${head}, floor ${floor}`);
    }
  } catch (error) {
    const isInUse = error instanceof RestanteError && error.code === 'DATA_IN_USE';
    if (isInUse && isServing) await say('ok', 'lock', 'the data is in use by the running server; stop it to look at the logs');
    else await say('bad', isInUse ? 'lock' : 'logs', (error as Error).message);
  } finally {
    await backend?.close();
  }
}
