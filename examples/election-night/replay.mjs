import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { firstHour, mailboxOf } from './figures.mjs';

/**
 * Publishes the first hour of the night over HTTP, at the pace of the night but faster. Started again, it goes on after the last
 * update that it finds in the log; each has an id, so that none is stored twice when an answer is lost.
 */

/** @typedef {import('./figures.mjs').Update} Update */

/**
 * @typedef {object} ReplayOptions
 * @property {string} url
 * @property {number} minutes how long the hour takes
 * @property {AbortSignal} signal
 * @property {(line: string) => void} say
 */

/** @param {ReplayOptions} options */
export async function replay({ url, minutes, signal, say }) {
  const updates = firstHour();
  const done = await alreadyThere(url, updates, signal);
  if (done > 0) say(`Election night: ${done} of ${updates.length} updates are there already`);
  /** @type {Update | undefined} */
  let previous;
  for (const [index, update] of updates.slice(done).entries()) {
    if (previous !== undefined) await delay(((Date.parse(update.time) - Date.parse(previous.time)) * minutes) / 60, undefined, { signal });
    await publish(url, update, signal, say);
    say(progress(update, done + index + 1, updates.length));
    previous = update;
  }
  say(`Election night: the first hour is told`);
}

/**
 * How many updates the log holds. Others may have published here too, so the newest update of ours is looked for, not just the newest message.
 * @param {string} url @param {readonly Update[]} updates @param {AbortSignal} signal
 */
async function alreadyThere(url, updates, signal) {
  const response = await fetch(`${url}/v1/mailboxes/elections/us-2020/**?last=100`, { signal });
  if (!response.ok) throw new Error(`${url} answers with ${response.status}: ${await response.text()}`);
  const { messages } = /** @type {{ messages: { mailbox: string, id?: string }[] }} */ (await response.json());
  const published = new Set(messages.map(({ mailbox, id }) => `${mailbox} ${id}`));
  return updates.findLastIndex(({ state, time }) => published.has(`${mailboxOf(state)} ${time}`)) + 1;
}

/**
 * Tries until it is stored: the server may be starting again.
 * @param {string} url @param {Update} update @param {AbortSignal} signal @param {(line: string) => void} say
 */
async function publish(url, update, signal, say) {
  for (;;) {
    try {
      const response = await fetch(`${url}/v1/mailboxes${mailboxOf(update.state)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': update.time },
        body: JSON.stringify(update),
        signal,
      });
      if (response.ok) return;
      const { detail, retryable } = /** @type {{ detail?: string, retryable?: boolean }} */ (await response.json());
      if (retryable !== true) throw new Refused(`${update.state} was refused: ${detail}`);
      say(`Election night: ${detail}; trying again`);
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw error;
      say(`Election night: ${url} does not answer; trying again`);
    }
    await delay(1_000, undefined, { signal });
  }
}

class Refused extends Error {}

/** @param {Update} update @param {number} count @param {number} total */
function progress({ time, state, totalVotes, shares }, count, total) {
  const percent = (/** @type {number} */ share) => `${(share * 100).toFixed(1)} %`.padStart(6);
  const votes = totalVotes.toLocaleString('en').padStart(10);
  return `${time.slice(11, 19)}  ${state.padEnd(14)} ${votes} votes  Biden ${percent(shares.biden)}  Trump ${percent(shares.trump)}  ${count}/${total}`;
}

async function main() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: process.env.RESTANTE_URL ?? 'http://127.0.0.1:8080' },
      minutes: { type: 'string', default: '3' },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes >= 0)) throw new Error('--minutes must be a number, 0 or more');
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  try {
    await replay({ url: values.url, minutes, signal: interrupted.signal, say: (line) => console.log(line) });
  } catch (error) {
    if (!interrupted.signal.aborted) console.error(/** @type {Error} */ (error).message);
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
