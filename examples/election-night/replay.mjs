import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { mailboxOf, readFigures, ROOT } from './figures.mjs';
import { FLAGS, paceOf } from './flags.mjs';
import { dueByNight, dueEvenly } from './pace.mjs';
import { reportTo } from './progress.mjs';

/**
 * The feeder: publishes the night and the days after over HTTP, in the order in which the figures were reported. Started again, it goes on
 * after the last update that it finds in the log; each has an id, so that none is stored twice when an answer is lost (I8).
 */

/** @typedef {import('./figures.mjs').Update} Update */
/** @typedef {import('./progress.mjs').Reporter} Reporter */

/**
 * @typedef {object} ReplayOptions
 * @property {string} url
 * @property {number} [minutes] how long the night takes; the nine days after take a third of it; default 3
 * @property {number} [rate] updates a second, evenly, instead of the rhythm of the night
 * @property {boolean} [again] forget what was published before and tell it from the beginning
 * @property {AbortSignal} signal
 * @property {Reporter} reporter
 */

/** What is due goes out in one request, so that a slow disk makes batches larger and not the night longer. */
const BATCH_MAX = 100;
const PAGE_MAX = 1_000;
const RETRY_MS = 500;
/** Later than this, the clock is put back: after an outage the night goes on at its pace. */
const LATE_MS_MAX = 1_000;

/** @param {ReplayOptions} options */
export async function replay({ url, minutes = 3, rate, again = false, signal, reporter }) {
  // Every request listens to it, and is not forgotten at once when it is done.
  setMaxListeners(0, signal);
  const updates = readFigures();
  if (again) await forget(url, updates, signal);
  const missing = await notYetThere(url, updates, signal);
  const left = updates.filter((_, index) => missing.has(index));
  const total = updates.length;
  let done = total - left.length;
  if (done > 0) reporter.say(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} updates are there already`);

  const schedule = rate === undefined ? dueByNight(updates, minutes) : dueEvenly(updates, rate);
  const dueMs = schedule.filter((_, index) => missing.has(index)).map((due, _, [first = 0]) => due - first);
  const endMs = dueMs.at(-1) ?? 0;
  let startMs = performance.now();
  for (let next = 0; next < left.length; ) {
    const waitMs = startMs + (dueMs[next] ?? 0) - performance.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    else if (-waitMs > LATE_MS_MAX) startMs -= waitMs;
    const nowMs = performance.now() - startMs;
    const batch = left.slice(next, next + BATCH_MAX).filter((_, index) => index === 0 || (dueMs[next + index] ?? 0) <= nowMs);
    await publish(url, batch, signal, reporter);
    next += batch.length;
    done += batch.length;
    reporter.update({ done, total, leftMs: Math.max(endMs - nowMs, 0), recordedTime: batch.at(-1)?.time ?? '' });
  }
  reporter.end();
  reporter.say('The count is told to its end, 13 November 2020.');
}

/**
 * Places of the updates that the log does not hold yet. Others may have published here too, so the newest update of ours is looked for, not just the newest message; and
 * of a batch that a crash cut short a later part may be stored without an earlier one, so the stretch before the newest is looked at one by one.
 * @param {string} url @param {readonly Update[]} updates @param {AbortSignal} signal
 */
async function notYetThere(url, updates, signal) {
  const known = new Set(updates.map(keyOf));
  /** @type {Set<string>} */
  const stored = new Set();
  let query = `last=${PAGE_MAX}`;
  while (stored.size < BATCH_MAX) {
    const { messages } = await ask(`${url}/v1/mailboxes${ROOT}/*?${query}`, { signal });
    for (const { mailbox, id } of messages) if (known.has(`${mailbox} ${id}`)) stored.add(`${mailbox} ${id}`);
    if (messages.length === 0) break;
    query = `before=${messages[0]?.cursor}&limit=${PAGE_MAX}`;
  }
  const newest = updates.findLastIndex((update) => stored.has(keyOf(update)));
  const isMissing = (/** @type {Update} */ update, /** @type {number} */ index) =>
    index > newest || (index > newest - BATCH_MAX && !stored.has(keyOf(update)));
  return new Set(updates.flatMap((update, index) => (isMissing(update, index) ? [index] : [])));
}

/** @param {Update} update */
function keyOf({ state, time }) {
  return `${mailboxOf(state)} ${time}`;
}

/** @param {string} url @param {RequestInit} init @returns {Promise<{ messages: { mailbox: string, id?: string, cursor: string }[] }>} */
async function ask(url, init) {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answers with ${response.status}: ${await response.text()}`);
  return /** @type {Promise<{ messages: { mailbox: string, id?: string, cursor: string }[] }>} */ (response.json());
}

/** @param {string} url @param {readonly Update[]} updates @param {AbortSignal} signal */
async function forget(url, updates, signal) {
  for (const mailbox of new Set(updates.map(({ state }) => mailboxOf(state)))) {
    await ask(`${url}/v1/mailboxes${mailbox}`, { method: 'DELETE', signal });
  }
}

/**
 * Tries until all are stored: the server may be starting again. A repeated batch is harmless: what was stored is recognised by its id.
 * @param {string} url @param {readonly Update[]} batch @param {AbortSignal} signal @param {Reporter} reporter
 */
async function publish(url, batch, signal, reporter) {
  const body = JSON.stringify(batch.map((update) => ({ mailbox: mailboxOf(update.state), id: update.time, data: update })));
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal };
  for (let told = ''; ; ) {
    const problem = await fetch(`${url}/v1/publish`, init).then(firstProblem, (error) => {
      if (signal.aborted) throw error;
      return { detail: `${url} does not answer`, retryable: true };
    });
    if (problem === undefined) return;
    if (problem.retryable !== true) throw new Error(`An update was refused: ${problem.detail}`);
    if (problem.detail !== told) reporter.say(`${problem.detail}; trying again`);
    told = problem.detail;
    await delay(RETRY_MS, undefined, { signal });
  }
}

/** @typedef {{ status?: number, detail: string, retryable?: boolean }} Problem */

/** @param {Response} response @returns {Promise<Problem | undefined>} */
async function firstProblem(response) {
  const answer = /** @type {Problem & { results?: Problem[] }} */ (await response.json());
  return response.ok ? answer.results?.find(({ status }) => status !== undefined) : answer;
}

async function main() {
  const { values } = parseArgs({ options: { url: { type: 'string' }, ...FLAGS } });
  const url = values.url ?? process.env.RESTANTE_URL ?? 'http://127.0.0.1:8080';
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  try {
    await replay({ url, ...paceOf(values), signal: interrupted.signal, reporter: reportTo(process.stdout) });
  } catch (error) {
    if (!interrupted.signal.aborted) console.error(/** @type {Error} */ (error).message);
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
