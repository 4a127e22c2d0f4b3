import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FLAGS, numberOf, paceOf } from './flags.mjs';
import { servePages } from './pages.mjs';
import { reportTo } from './progress.mjs';
import { replay } from './replay.mjs';

/**
 * What `npm start` runs: the server, the pages, and the election night alongside, so that there is something to see at once. The flags of the
 * feeder and `--page-port` are taken here, all others go to `restante start`. Ctrl-C ends everything; the server drains first.
 */

const LISTENS = 'Restante listens on ';
const PAGE_PORT = 8081;
const OPTIONS = /** @type {const} */ ({ ...FLAGS, 'page-port': { type: 'string' } });

/** Ours, and the rest as it was typed. @param {string[]} args */
function readArguments(args) {
  const { values, tokens } = parseArgs({ args, options: OPTIONS, strict: false, tokens: true });
  const ours = tokens.flatMap((token) => {
    if (token.kind !== 'option' || !(token.name in OPTIONS)) return [];
    return token.value === undefined || token.inlineValue ? [token.index] : [token.index, token.index + 1];
  });
  const typed = /** @type {{ minutes?: string, rate?: string, again?: boolean, 'page-port'?: string }} */ (values);
  return {
    pace: paceOf(typed),
    pagePort: numberOf('--page-port', typed['page-port'] ?? String(PAGE_PORT), 0),
    rest: args.filter((_, index) => !ours.includes(index)),
  };
}

/** On another port where that one is taken: by another election night, most likely. @param {number} port @param {string} server */
async function openPages(port, server) {
  const own = process.cwd();
  return servePages({ port, server, own }).catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return servePages({ port: 0, server, own });
  });
}

function start() {
  const { pace, pagePort, rest } = readArguments(process.argv.slice(2));
  const command = fileURLToPath(new URL('../../services/restante/bin/restante.js', import.meta.url));
  const server = spawn(process.execPath, [command, 'start', ...rest], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new AbortController();
  const reporter = reportTo(process.stdout);

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
      const pages = await openPages(pagePort, url);
      ended.signal.addEventListener('abort', () => void pages.close());
      reporter.say(`
The US election night of 2020, as it was counted:
  ${pages.url}            the map, live
  ${pages.url}feed.html   the same as an operator sees it
  curl -N '${url}/v1/stream?mailbox=/elections/**&catchUp=latest'
  curl '${url}/v1/mailboxes/elections/us-2020/president/indiana?last=3'
`);
      await replay({ url, ...pace, signal: ended.signal, reporter });
      reporter.say('To see it again: npm start -- --again');
    } catch (error) {
      if (!ended.signal.aborted) console.error(/** @type {Error} */ (error).message);
    }
  }

  createInterface({ input: server.stdout }).on('line', (line) => {
    reporter.say(line);
    if (line.startsWith(LISTENS)) void tellTheNight(line.slice(LISTENS.length));
  });
}

try {
  start();
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exitCode = 1;
}
