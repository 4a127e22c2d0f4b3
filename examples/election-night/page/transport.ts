import type { Client, ConnectionState, Message, TransportName } from '@restante/client';
import { describe } from './connection.js';
import type { Update } from './count.js';
import { Delays } from './delays.js';
import { make, makeSvg, setAttribute, setText } from './dom.js';
import { count, milliseconds } from './format.js';

/** One client that is held to one transport, and its card: state, rate, delays, gaps. Measures what comes after it has caught up. */

const TITLES: Readonly<Record<TransportName, string>> = { websocket: 'WebSocket', sse: 'Server-sent events', 'long-poll': 'Long poll' };
const METERS = ['Per second', 'Delay, median', 'Delay, p99', 'Messages', 'Gaps', 'Connections'] as const;
const DELAYS = 1_000;
const SECONDS = 60;

export class Transport {
  readonly card: HTMLElement;
  readonly #delays = new Delays(DELAYS);
  readonly #dd: Readonly<Record<(typeof METERS)[number], HTMLElement>>;
  readonly #stateText = make('span');
  readonly #peakText = make('span');
  readonly #spark = makeSvg('path');
  /** Messages in each of the last seconds; the last place is the second under way. */
  #perSecond = new Array<number>(SECONDS + 1).fill(0);
  #second = Math.floor(performance.now() / 1_000);
  #messages = 0;
  #gaps = 0;
  #connections = 0;
  #live = false;
  #state: ConnectionState;
  #listener: ((message: Message<Update>) => void) | undefined;

  constructor(name: TransportName, client: Client, pattern: string) {
    this.#state = client.state;
    client.on('state', (state) => {
      this.#state = state;
      if (state.state === 'open') this.#connections += 1;
    });
    const subscription = client.subscribe<Update>(pattern, { after: 'now', onMessage: (message) => this.#take(message) });
    subscription.on('gap', () => (this.#gaps += 1));
    subscription.on('live', () => (this.#live = true));
    subscription.on('behind', () => (this.#live = false));

    const cells = METERS.map((meter) => [meter, make('dd', '', '–')] as const);
    this.#dd = Object.fromEntries(cells) as Record<(typeof METERS)[number], HTMLElement>;
    const title = make('h2', '', TITLES[name]);
    title.id = `transport-${name}`;
    const state = make('p', 'transport-state', make('span', 'dot'), this.#stateText);
    const meters = make('dl', 'meters', ...cells.map(([meter, dd]) => make('div', '', make('dt', '', meter), dd)));
    const spark = makeSvg(
      'svg',
      { class: 'spark', viewBox: `0 0 ${SECONDS} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      this.#spark,
    );
    const note = make('p', 'spark-note', make('span', '', 'Last minute'), this.#peakText);
    this.card = make('section', 'transport', title, state, meters, spark, note);
    this.card.setAttribute('aria-labelledby', title.id);
    this.card.dataset['transport'] = name;
    this.draw(performance.now());
  }

  onMessage(listener: (message: Message<Update>) => void): void {
    this.#listener = listener;
  }

  #take(message: Message<Update>): void {
    this.#messages += 1;
    this.#turn(performance.now());
    this.#perSecond[SECONDS] = (this.#perSecond[SECONDS] ?? 0) + 1;
    if (this.#live) this.#delays.add(Date.now() - message.time);
    this.#listener?.(message);
  }

  /** A frame may bring a time from before the last message: the seconds never go back. */
  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    const passed = Math.min(second - this.#second, SECONDS + 1);
    if (passed <= 0) return;
    this.#perSecond = [...this.#perSecond.slice(passed), ...new Array<number>(passed).fill(0)];
    this.#second = second;
  }

  draw(nowMs: number): void {
    this.#turn(nowMs);
    const whole = this.#perSecond.slice(0, SECONDS);
    const peak = Math.max(...whole);
    setAttribute(this.card, 'data-state', this.#state.state === 'open' && this.#live ? 'live' : this.#state.state);
    setText(this.#stateText, describe(this.#state, this.#live));
    const [median, p99] = [this.#delays.percentile(50), this.#delays.percentile(99)];
    setText(this.#dd['Per second'], count(whole.at(-1) ?? 0));
    setText(this.#dd['Delay, median'], median === undefined ? '–' : milliseconds(median));
    setText(this.#dd['Delay, p99'], p99 === undefined ? '–' : milliseconds(p99));
    setText(this.#dd['Messages'], count(this.#messages));
    setText(this.#dd['Gaps'], count(this.#gaps));
    setText(this.#dd['Connections'], count(this.#connections));
    setText(this.#peakText, `at most ${count(peak)}/s`);
    const bars = whole.map(
      (messages, index) => `M${index} 20V${(20 - (peak === 0 ? 0 : (messages / peak) * 20)).toFixed(2)}H${index + 0.85}V20Z`,
    );
    setAttribute(this.#spark, 'd', peak === 0 ? '' : bars.join(''));
  }
}
