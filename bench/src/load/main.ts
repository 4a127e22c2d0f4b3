import { serve } from '../processes/serve.js';
import type { LoadCommands, LoadResults } from './commands.js';
import { Fleet } from './fleet.js';
import { runPublishers } from './publishers.js';

/** The load process: takes commands from the harness over IPC, one at a time, and ends with it. */

let fleet: Fleet | undefined;

function connected(): Fleet {
  if (fleet === undefined) throw new Error('it takes readers first');
  return fleet;
}

serve<LoadCommands, LoadResults>(
  {
    connect: (command) => {
      fleet = new Fleet(command);
      return fleet.connect(command);
    },
    ticks: (command) => connected().ticks(command),
    openLoop: (command) => connected().openLoop(command),
    publish: runPublishers,
  },
  () => fleet?.close(),
);
