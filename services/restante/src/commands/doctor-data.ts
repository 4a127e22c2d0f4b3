import { access, constants, statfs } from 'node:fs/promises';
import type { Backend, Finding } from '@restante/backend';
import { currentEpoch, RestanteError } from '@restante/protocol';
import { type Config, formatQuantity } from '@restante/runtime';
import { inWords } from '../failure.js';
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

interface Data {
  readonly backend?: Backend;
  /** Why it could not be opened. */
  readonly error?: unknown;
  /** By another process. */
  readonly isInUse: boolean;
}

export async function openData(config: Config): Promise<Data> {
  try {
    return { backend: await openBackend(config, { name: 'restante doctor' }), isInUse: false };
  } catch (error) {
    return { error, isInUse: error instanceof RestanteError && error.code === 'DATA_IN_USE' };
  }
}

/** Why it could not be opened, each fault on its own. */
export async function whyNot({ error, isInUse }: Data, { backend }: Config): Promise<readonly Finding[]> {
  const subject = backend.kind === 'nats' ? 'backend' : 'logs';
  return [{ state: 'bad', subject: isInUse ? 'lock' : subject, text: inWords(error) }];
}

/** Looks at what is there, then does what a start does. Closes the backend. */
export async function checkLogs(backend: Backend, config: Config, say: Say): Promise<void> {
  try {
    let isSound = true;
    for await (const { state, subject, text } of backend.inspect?.(logPolicies(config)) ?? []) {
      if (state === 'bad') isSound = false;
      await say(state, subject, text);
    }
    await say('ok', 'durability', backend.durability);
    // What is wrong was told; opening would only tell it once more.
    if (!isSound) return;
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
