import { connect, type Message } from '@restante/client';
import { ConnectionBadge } from './connection.js';
import { tally, type Update } from './count.js';
import { Detail } from './detail.js';
import { element, elementOf, setAttribute, setText } from './dom.js';
import { count, easternDate, easternTime, millions, percent, utc } from './format.js';
import { Frames } from './frames.js';
import { StateMap } from './map.js';
import { recordIfAsked } from './record.js';
import { serverAddress } from './server.js';
import { ROOT, slugOf, STATES } from './states.js';
import { StateTable } from './table.js';
import { Ticker } from './ticker.js';

/**
 * The election night: a view of the newest message of every state, snapshot first and then live, drawn once per animation frame. What the
 * map, the table and the totals show is always the view's content; nothing is added up from one message to the next.
 */

const FIRST_SHOWN = 'pennsylvania';

const client = connect(await serverAddress());
const board = client.view<Update>(`${ROOT}/*`);
const recorded = recordIfAsked(client, `${ROOT}/*`);

const badge = new ConnectionBadge();
const ticker = new Ticker();
const detail = new Detail(client, () => {
  detailChanged = true;
  frames.ask();
});
const map = new StateMap(choose);
const table = new StateTable(choose);
const frames = new Frames(draw);

/** Slugs of the states to draw in the next frame, and whether each changed while somebody could be looking. */
const changed = new Map<string, boolean>();
let detailChanged = false;
let live = false;
/** When the messages that wait to be drawn were stored: only the newest so many. */
let storedMs: number[] = [];
const STORED_MAX = 200;
const votesBefore = new Map<string, number>();
let corrections = 0;

function choose(slug: string): void {
  history.replaceState(null, '', `${location.search}#${slug}`);
  map.choose(slug);
  table.choose(slug);
  detail.choose(slug);
}

function take(message: Message<Update>): void {
  const slug = slugOf(message.mailbox);
  changed.set(slug, live);
  if (message.purged) votesBefore.delete(slug);
  else {
    ticker.add({ update: message.data, before: votesBefore.get(slug) });
    votesBefore.set(slug, message.data.totalVotes);
    if (message.data.correction) corrections += 1;
    // What comes while nobody can see the page is drawn when somebody can, and says nothing of the delay.
    if (live && !document.hidden) {
      storedMs.push(message.time);
      if (storedMs.length > STORED_MAX) storedMs.shift();
    }
  }
  frames.ask();
}

function draw(): void {
  for (const [slug, flash] of changed) {
    const update = board.get(`${ROOT}/${slug}`)?.data;
    map.paint(slug, update, flash);
    table.paint(slug, update);
  }
  table.settle(performance.now());
  ticker.draw();
  if (detailChanged) detail.draw();
  if (changed.size > 0) drawTally();
  changed.clear();
  detailChanged = false;

  const nowMs = Date.now();
  for (const ms of storedMs) {
    badge.drawn(nowMs - ms);
    recorded?.delaysMs.push(nowMs - ms);
  }
  storedMs = [];
  badge.draw();
  if (recorded !== undefined) recorded.frames += 1;
}

function drawTally(): void {
  const { electors, states, votes, totalVotes, reporting, time } = tally([...board.values()].map(({ data }) => data));
  for (const side of ['biden', 'trump'] as const) {
    setText(element(`electors-${side}`), String(electors[side]));
    setText(element(`states-${side}`), `${states[side]} ${states[side] === 1 ? 'state' : 'states'}`);
    setText(
      element(`votes-${side}`),
      totalVotes === 0 ? 'no votes yet' : `about ${millions(votes[side])}, ${percent(votes[side] / totalVotes)}`,
    );
    element(`bar-${side}`).style.setProperty('--electors', String(electors[side]));
  }
  setText(element('total-votes'), count(totalVotes));
  setText(element('reporting'), String(reporting));
  setText(element('corrections'), count(corrections));
  if (time === undefined) return;
  setText(element('clock-time'), easternTime(time));
  setAttribute(element('clock-time'), 'datetime', time);
  setText(element('clock-date'), easternDate(time));
  setText(element('clock-utc'), ` · ${utc(time)}`);
}

client.on('state', (state) => badge.changed(state));
board.on('message', take);
board.on('live', () => {
  live = true;
  badge.live();
  // After a gap, what is no more goes without a message.
  for (const { slug } of STATES) if (!changed.has(slug)) changed.set(slug, false);
  frames.ask();
});
board.on('behind', () => {
  live = false;
  badge.behind();
});

const hash = location.hash.slice(1);
badge.changed(client.state);
choose(STATES.some(({ slug }) => slug === hash) ? hash : FIRST_SHOWN);
elementOf(HTMLAnchorElement, 'feed-link').search = location.search;
