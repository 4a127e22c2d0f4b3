import { fileURLToPath } from 'node:url';
import type { LoadCommands, LoadResults } from '../load/commands.js';
import { CORES } from './child.js';
import { startWorker, type Worker } from './worker.js';

/** The harness' end of a load process. A call fails when the load saw a message lost, doubled or out of order, a connection lost, or a refusal. */

const PROGRAM = fileURLToPath(new URL('../../dist/load/main.js', import.meta.url));

export type Load = Worker<LoadCommands, LoadResults>;

export function startLoad({ pinned }: { readonly pinned: boolean }): Load {
  return startWorker(PROGRAM, { core: pinned ? CORES.load : undefined });
}
