import { fileURLToPath } from 'node:url';
import type { LoadAnswer, LoadCommandName, LoadCommands, LoadResults } from '../load/commands.js';
import { CORES, spawnNode, stopChild } from './child.js';

/** The harness' end of a load process. */

const PROGRAM = fileURLToPath(new URL('../../dist/load/main.js', import.meta.url));

/** Far above what any command needs; each has limits of its own that say more. */
const COMMAND_MS_MAX = 300_000;

export interface Load {
  /** @throws when the load saw a message lost, doubled or out of order, a connection lost, or a refusal */
  run<K extends LoadCommandName>(name: K, command: LoadCommands[K]): Promise<LoadResults[K]>;
  stop(): Promise<void>;
}

export function startLoad({ pinned }: { readonly pinned: boolean }): Load {
  const child = spawnNode([PROGRAM], { core: pinned ? CORES.load : undefined, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return {
    run<K extends LoadCommandName>(name: K, command: LoadCommands[K]) {
      return new Promise<LoadResults[K]>((resolve, reject) => {
        const end = (settle: () => void) => {
          clearTimeout(timer);
          child.off('message', onAnswer);
          child.off('exit', onExit);
          settle();
        };
        const onAnswer = (answer: LoadAnswer) =>
          end(() => ('fault' in answer ? reject(new Error(answer.fault)) : resolve(answer.result as LoadResults[K])));
        const onExit = () => end(() => reject(new Error('the load process ended')));
        const timer = setTimeout(() => end(() => reject(new Error(`the load did not finish ${name}`))), COMMAND_MS_MAX);
        child.on('message', onAnswer);
        child.on('exit', onExit);
        child.send({ name, command });
      });
    },
    stop: () => stopChild(child),
  };
}
