import { leadOf, type Update } from './count.js';
import { elementOf, make, setAttribute, setText } from './dom.js';
import { count, lead, percent } from './format.js';
import { STATES, type State } from './states.js';

/** The table of all states: the same figures as the map, for whoever reads rather than looks. Sorted anew by click, and once a second while figures move. */

type Key = 'name' | 'electors' | 'margin' | 'votes' | 'counted';

const RESORT_MS = 1_000;

interface Row {
  readonly state: State;
  readonly row: HTMLTableRowElement;
  readonly leading: HTMLElement;
  readonly biden: HTMLElement;
  readonly trump: HTMLElement;
  readonly votes: HTMLElement;
  readonly meter: HTMLElement;
  readonly counted: HTMLElement;
  update: Update | undefined;
}

/** Larger comes first, but for the name. Of margins, the closest first. */
const RANKS: Readonly<Record<Exclude<Key, 'name'>, (update: Update | undefined, state: State) => number>> = {
  electors: (_, state) => -state.electors,
  margin: (update) => (leadOf(update).leader === 'none' ? Infinity : Math.abs(leadOf(update).points)),
  votes: (update) => -(update?.totalVotes ?? 0),
  counted: (update) => -(update?.percentCounted ?? 0),
};

export class StateTable {
  readonly #body = elementOf(HTMLTableSectionElement, 'rows');
  readonly #rows = new Map<string, Row>();
  #key: Key = 'name';
  #sortedMs = 0;

  constructor(choose: (slug: string) => void) {
    for (const state of STATES) this.#rows.set(state.slug, this.#makeRow(state, choose));
    this.#body.append(...[...this.#rows.values()].map(({ row }) => row));
    for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-sort]')) {
      button.addEventListener('click', () => this.#sortBy(button));
    }
  }

  choose(slug: string): void {
    for (const { state, row } of this.#rows.values()) row.classList.toggle('chosen', state.slug === slug);
  }

  paint(slug: string, update: Update | undefined): void {
    const row = this.#rows.get(slug);
    if (row === undefined) return;
    row.update = update;
    const counts = update !== undefined && update.totalVotes > 0;
    setText(row.leading, lead(update));
    setAttribute(row.leading, 'data-leader', leadOf(update).leader);
    setText(row.biden, counts ? percent(update.shares.biden) : '–');
    setText(row.trump, counts ? percent(update.shares.trump) : '–');
    setText(row.votes, update === undefined ? '–' : count(update.totalVotes));
    setText(row.counted, update === undefined ? '–' : percentCounted(update));
    row.meter.style.setProperty('--counted', String(update?.percentCounted ?? 0));
  }

  /** Called with every frame; moving rows is dear, so it is done now and then only. */
  settle(nowMs: number): void {
    if (this.#key === 'name' || nowMs - this.#sortedMs < RESORT_MS) return;
    this.#sortedMs = nowMs;
    this.#sort();
  }

  #sortBy(button: HTMLButtonElement): void {
    this.#key = button.dataset['sort'] as Key;
    for (const heading of document.querySelectorAll('th[aria-sort]')) heading.removeAttribute('aria-sort');
    const ascending = this.#key === 'name' || this.#key === 'margin';
    button.closest('th')?.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
    this.#sort();
  }

  #sort(): void {
    const key = this.#key;
    const rows = [...this.#rows.values()];
    if (key !== 'name')
      rows.sort((a, b) => RANKS[key](a.update, a.state) - RANKS[key](b.update, b.state) || a.state.name.localeCompare(b.state.name));
    const moved = rows.some(({ row }, index) => this.#body.rows[index] !== row);
    if (!moved) return;
    const focused = document.activeElement;
    this.#body.append(...rows.map(({ row }) => row));
    if (focused instanceof HTMLElement && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  #makeRow(state: State, choose: (slug: string) => void): Row {
    const cell = (className: string): HTMLTableCellElement => make('td', className, '–');
    const button = make('button', '', state.name);
    button.type = 'button';
    button.addEventListener('click', () => choose(state.slug));
    const name = make('th', '', button);
    name.scope = 'row';
    const electors = make('td', 'number electors', String(state.electors));
    const leading = make('td', 'leading', lead(undefined));
    const [biden, trump, votes] = [cell('number wide'), cell('number wide'), cell('number medium')];
    const [meter, counted] = [make('span', 'meter'), make('span', '', '–')];
    const row = make('tr', '', name, electors, leading, biden, trump, votes, make('td', 'number counted', counted, meter));
    row.dataset['state'] = state.slug;
    return { state, row, leading, biden, trump, votes, meter, counted, update: undefined };
  }
}

export function percentCounted({ percentCounted: part, totalVotes }: Update): string {
  return part === 0 && totalVotes > 0 ? 'under 1%' : `${Math.round(part)}%`;
}
