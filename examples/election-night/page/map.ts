import { leadOf, type Update } from './count.js';
import { elementOf, setAttribute } from './dom.js';
import { lead } from './format.js';
import { STATES, type State } from './states.js';

/**
 * The map that the build drew into the page: colours its states, and lets one be chosen by pointer or keyboard. One tab stop; arrow keys go
 * to the nearest state in their direction.
 */

const FLASH_MS = 450;
const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

interface Place {
  readonly state: State;
  readonly path: SVGPathElement;
  readonly label: SVGTextElement | null;
  readonly x: number;
  readonly y: number;
  flash: Animation | undefined;
}

export class StateMap {
  readonly #svg = elementOf(SVGSVGElement, 'atlas');
  readonly #outline = elementOf(SVGPathElement, 'outline');
  readonly #places = new Map<string, Place>();
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(choose: (slug: string) => void) {
    for (const state of STATES) {
      const path = this.#svg.querySelector<SVGPathElement>(`path[data-state="${state.slug}"]`);
      if (path === null) throw new Error(`the map has no ${state.name}`);
      const label = this.#svg.querySelector<SVGTextElement>(`text[data-state="${state.slug}"]`);
      this.#places.set(state.slug, { state, path, label, x: Number(path.dataset['x']), y: Number(path.dataset['y']), flash: undefined });
    }
    this.#svg.addEventListener('click', ({ target }) => {
      const slug = target instanceof SVGElement ? target.dataset['state'] : undefined;
      if (slug !== undefined) choose(slug);
    });
    this.#svg.addEventListener('keydown', (event) => {
      const from = event.target instanceof SVGElement ? this.#places.get(event.target.dataset['state'] ?? '') : undefined;
      const direction = DIRECTIONS[event.key];
      if (from === undefined || direction === undefined) return;
      event.preventDefault();
      const next = this.#nearest(from, direction);
      if (next !== undefined) {
        choose(next.state.slug);
        next.path.focus();
      }
    });
    this.#svg.addEventListener('focusin', () => this.#svg.classList.add('has-focus'));
    this.#svg.addEventListener('focusout', () => this.#svg.classList.remove('has-focus'));
  }

  choose(slug: string): void {
    for (const { state, path } of this.#places.values()) {
      setAttribute(path, 'tabindex', state.slug === slug ? '0' : '-1');
      setAttribute(path, 'aria-selected', String(state.slug === slug));
    }
    this.#outline.setAttribute('d', this.#places.get(slug)?.path.getAttribute('d') ?? '');
  }

  paint(slug: string, update: Update | undefined, flash: boolean): void {
    const place = this.#places.get(slug);
    if (place === undefined) return;
    const { leader, close } = leadOf(update);
    const value = close && leader !== 'tie' ? `${leader}-close` : leader;
    setAttribute(place.path, 'data-lead', value);
    if (place.label !== null) setAttribute(place.label, 'data-lead', value);
    setAttribute(place.path, 'aria-label', `${place.state.name}: ${lead(update)}`);
    if (flash && !this.#calm.matches) this.#flash(place);
  }

  #flash(place: Place): void {
    place.flash ??= place.path.animate([{ opacity: 0.55 }, { opacity: 1 }], { duration: FLASH_MS, easing: 'ease-out' });
    place.flash.currentTime = 0;
    place.flash.play();
  }

  #nearest(from: Place, [dx, dy]: readonly [number, number]): Place | undefined {
    let best: Place | undefined;
    let bestCost = Infinity;
    for (const place of this.#places.values()) {
      const [x, y] = [place.x - from.x, place.y - from.y];
      const along = x * dx + y * dy;
      const across = Math.abs(x * dy) + Math.abs(y * dx);
      // Within a right angle of the direction; what lies straight ahead comes before what lies aside.
      if (place === from || along <= 0 || across > along * 1.2) continue;
      const cost = along + across * 2;
      if (cost < bestCost) [best, bestCost] = [place, cost];
    }
    return best;
  }
}
