import { connect, type Message, type TransportName } from '@restante/client';
import type { Update } from './count.js';
import { element, elementOf, make, setText } from './dom.js';
import { Frames } from './frames.js';
import { serverAddress } from './server.js';
import { ROOT } from './states.js';
import { Transport } from './transport.js';

/** The raw feed as an operator sees it: one client for each transport, and the messages as they come. */

const PATTERN = `${ROOT}/*`;
const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll'];
const SHOWN_MAX = 16;
const REFRESH_MS = 250;

const server = await serverAddress();
setText(element('server'), server);
setText(element('pattern'), PATTERN);
elementOf(HTMLAnchorElement, 'night-link').search = location.search;

const rows = element('messages');
let waiting: Message<Update>[] = [];
const frames = new Frames(() => {
  rows.prepend(...waiting.reverse().map(drawMessage));
  waiting = [];
  while (rows.children.length > SHOWN_MAX) rows.lastElementChild?.remove();
});

function drawMessage({ mailbox, cursor, time, data, purged }: Message<Update>): HTMLTableRowElement {
  const stored = new Date(time).toISOString().slice(11, 23);
  const body = purged ? 'purged' : JSON.stringify(data);
  const name = mailbox.slice(ROOT.length + 1);
  const cells = [
    make('td', '', stored),
    make('td', '', make('span', 'root', `${ROOT}/`), name),
    make('td', 'cursor', cursor),
    make('td', 'data', body),
  ];
  return make('tr', data?.correction ? 'correction' : '', ...cells);
}

const transports = TRANSPORTS.map((name) => new Transport(name, connect(server, { transports: [name] }), PATTERN));
element('transports').append(...transports.map(({ card }) => card));
transports[0]?.onMessage((message) => {
  waiting.push(message);
  if (waiting.length > SHOWN_MAX) waiting.shift();
  frames.ask();
});

setInterval(() => {
  const nowMs = performance.now();
  requestAnimationFrame(() => {
    for (const transport of transports) transport.draw(nowMs);
  });
}, REFRESH_MS);
