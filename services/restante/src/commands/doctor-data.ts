import { access, constants, statfs } from 'node:fs/promises';
import type { Backend, Finding, Log } from '@restante/backend';
import type { NatsBackendOptions } from '@restante/backend/nats';
import { currentEpoch, RestanteError } from '@restante/protocol';
import { type Config, formatQuantity } from '@restante/runtime';
import { inWords } from '../failure.js';
import { natsOptions } from '../nats-backend.js';
import { openBackend } from '../open-backend.js';
import { logPolicies, openLogs } from '../open-logs.js';
import type { Say } from './doctor.js';

/** What `restante doctor` finds out about the data: the folder, or the servers, and the logs that lie there. */

/** @returns whether there is data to look at; a folder that is not there is not made. */
export async function checkFolder(folder: string, reserveBytes: number, say: Say): Promise<boolean> {
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
  const enough = freeBytes < 4 * reserveBytes ? 'note' : 'ok';
  await say(freeBytes < reserveBytes ? 'bad' : enough, 'disk', text);
  return true;
}

/** What the servers of a backend call this command. */
const NAME = 'restante doctor';

interface Data {
  readonly backend?: Backend;
  /** Why it could not be opened. */
  readonly error?: unknown;
  /** By another process. */
  readonly isInUse: boolean;
}

export async function openData(config: Config): Promise<Data> {
  try {
    return { backend: await openBackend(config, { name: NAME }), isInUse: false };
  } catch (error) {
    return { error, isInUse: error instanceof RestanteError && error.code === 'DATA_IN_USE' };
  }
}

/** Why it could not be opened, each fault on its own. */
export async function whyNot({ error, isInUse }: Data, config: Config): Promise<readonly Finding[]> {
  const { backend } = config;
  const faults = backend.kind === 'nats' ? await natsFaults(natsOptions(backend, config, NAME)) : [];
  if (faults.length > 0) return faults.map(({ subject, text }) => ({ state: 'bad', subject, text }));
  const subject = backend.kind === 'nats' ? 'backend' : 'logs';
  return [{ state: 'bad', subject: isInUse ? 'lock' : subject, text: inWords(error) }];
}

async function natsFaults(options: NatsBackendOptions): Promise<readonly { readonly subject: string; readonly text: string }[]> {
  const { diagnoseNats } = await import('@restante/backend/nats');
  try {
    return await diagnoseNats(options);
  } catch {
    // What is no credential or certificate at all is the very error that is to be told.
    return [];
  }
}

/** Looks at what is there; where looking is opening, as a start does. Closes the backend. */
export async function checkLogs(backend: Backend, config: Config, say: Say): Promise<void> {
  try {
    await say('ok', 'durability', backend.durability);
    if (backend.inspect === undefined) await checkOpened(await openLogs(backend, config), say);
    else for await (const { state, subject, text } of backend.inspect(logPolicies(config))) await say(state, subject, text);
  } catch (fault) {
    await say('bad', 'logs', inWords(fault));
  } finally {
    await backend.close();
  }
}

async function checkOpened(logs: ReadonlyMap<string, Log>, say: Say): Promise<void> {
  for (const [name, log] of logs) {
    const { epochs, floor, head } = await log.state();
    await say('ok', `log ${name}`, `epoch ${currentEpoch(epochs)} (${epochs.length} in its line), head ${head}, floor ${floor}`);
  }
}
