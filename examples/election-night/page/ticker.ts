import { leadOf, type Update } from './count.js';
import { elementOf, make } from './dom.js';
import { change, count, easternTime, lead } from './format.js';

/** The last updates, the newest first, corrections marked as such. Holds no more than it shows. */

const SHOWN_MAX = 36;
const SHOWN_ON_A_PHONE = 6;

export interface Tick {
  readonly update: Update;
  /** Votes reported before; undefined where this page has not seen the state before. */
  readonly before: number | undefined;
}

export class Ticker {
  readonly #list = elementOf(HTMLOListElement, 'ticker');
  readonly #narrow = matchMedia('(max-width: 1039px)');
  #waiting: Tick[] = [];

  add(tick: Tick): void {
    this.#waiting.push(tick);
    // Between two frames, more than fit may come: the older would be drawn and gone at once.
    if (this.#waiting.length > SHOWN_MAX) this.#waiting.shift();
  }

  draw(): void {
    if (this.#waiting.length === 0) return;
    this.#list.prepend(...this.#waiting.reverse().map(draw));
    this.#waiting = [];
    const shown = this.#narrow.matches ? SHOWN_ON_A_PHONE : SHOWN_MAX;
    while (this.#list.children.length > shown) this.#list.lastElementChild?.remove();
  }
}

function draw({ update, before }: Tick): HTMLLIElement {
  const state = make('span', 'ticker-state', update.state);
  if (update.correction) state.append(make('span', 'tag', 'Correction'));
  const votes =
    before === undefined
      ? `${count(update.totalVotes)} votes`
      : before === update.totalVotes
        ? 'shares only'
        : change(update.totalVotes - before);
  const leading = make('span', 'ticker-lead', lead(update));
  leading.dataset['leader'] = leadOf(update).leader;
  return make(
    'li',
    update.correction ? 'correction' : '',
    state,
    make('span', 'ticker-change', votes),
    make('span', 'ticker-time', `${easternTime(update.time)} Eastern`),
    leading,
  );
}
