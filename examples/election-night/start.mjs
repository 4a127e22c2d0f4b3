import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { replay } from './replay.mjs';

/**
 * What `npm start` runs: the server, and the election night alongside, so that there is something to read at once.
 * Arguments go to `restante start`. Ctrl-C ends both; the server drains first.
 */

const LISTENS = 'Restante listens on ';
const MINUTES = 3;

const command = fileURLToPath(new URL('../../services/restante/bin/restante.js', import.meta.url));
const server = spawn(process.execPath, [command, 'start', ...process.argv.slice(2)], { stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new AbortController();

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => {
  ended.abort();
  process.exitCode = code ?? 1;
});

/** @param {string} url */
async function tellTheNight(url) {
  try {
    // By the time it answers, its greeting is printed.
    await fetch(`${url}/readyz`, { signal: ended.signal });
    console.log(`
The first hour of the US election night of 2020 is told in ${MINUTES} minutes. To follow it:
  curl -N '${url}/v1/stream?mailbox=/elections/**&catchUp=latest'
  curl '${url}/v1/mailboxes/elections/us-2020/president/indiana'
`);
    await replay({ url, minutes: MINUTES, signal: ended.signal, say: (line) => console.log(line) });
  } catch (error) {
    if (!ended.signal.aborted) console.error(/** @type {Error} */ (error).message);
  }
}

createInterface({ input: server.stdout }).on('line', (line) => {
  console.log(line);
  if (line.startsWith(LISTENS)) void tellTheNight(line.slice(LISTENS.length));
});
