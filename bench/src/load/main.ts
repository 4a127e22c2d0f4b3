import type { LoadAnswer, LoadRequest, LoadResults } from './commands.js';
import { Fleet } from './fleet.js';
import { runPublishers } from './publishers.js';

/** The load process: takes commands from the harness over IPC, one at a time, and ends with it. */

let fleet: Fleet | undefined;

async function run(request: LoadRequest): Promise<LoadResults[keyof LoadResults]> {
  if (request.name === 'publish') return runPublishers(request.command);
  if (request.name === 'connect') {
    fleet = new Fleet(request.command);
    return fleet.connect(request.command);
  }
  if (fleet === undefined) throw new Error(`${request.name} needs readers`);
  return request.name === 'ticks' ? fleet.ticks(request.command) : fleet.openLoop(request.command);
}

function answer(result: LoadAnswer): void {
  process.send?.(result);
}

process.on('message', (request: LoadRequest) => {
  run(request).then(
    (result) => answer({ result }),
    (error: Error) => answer({ fault: error.message }),
  );
});

process.on('disconnect', () => {
  fleet?.close();
  process.exit(0);
});
