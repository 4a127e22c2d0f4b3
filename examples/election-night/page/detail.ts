import type { Client, Message, Subscription } from '@restante/client';
import { CHART, shapeOf } from './chart.js';
import { leadOf, type Update } from './count.js';
import { element, elementOf, makeSvg, setAttribute, setText } from './dom.js';
import { change, count, easternDateTime, lead, percent } from './format.js';
import { mailboxOf, STATES, type State } from './states.js';
import { percentCounted } from './table.js';

/** One state: its figures, and its history, read from the first message of its mailbox and followed while it is shown. */

export class Detail {
  readonly #client: Client;
  readonly #changed: () => void;
  readonly #chart = elementOf(SVGSVGElement, 'chart');
  #history: Update[] = [];
  #subscription: Subscription<Update> | undefined;
  /** Whether all that was told before has been read: until then an empty history says nothing. */
  #complete = false;
  #state: State | undefined;

  constructor(client: Client, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
    this.#chart.setAttribute('viewBox', `0 0 ${CHART.width} ${CHART.height}`);
  }

  choose(slug: string): void {
    const state = STATES.find((other) => other.slug === slug);
    if (state === undefined || state === this.#state) return;
    this.#state = state;
    this.#subscription?.close();
    this.#history = [];
    this.#complete = false;
    this.#subscription = this.#client.subscribe<Update>(mailboxOf(state), {
      after: 'earliest',
      onMessage: (message) => {
        this.#take(message);
        this.#changed();
      },
    });
    this.#subscription.on('live', () => {
      this.#complete = true;
      this.#changed();
    });
    this.#changed();
  }

  #take(message: Message<Update>): void {
    if (message.purged) this.#history = [];
    else this.#history.push(message.data);
  }

  draw(): void {
    const state = this.#state;
    if (state === undefined) return;
    const update = this.#history.at(-1);
    const counts = update !== undefined && update.totalVotes > 0;
    setText(element('detail-title'), state.name);
    setText(element('detail-electors'), `${state.electors} electors`);
    setText(element('detail-lead'), update === undefined ? this.#empty : sentence(update));
    setAttribute(element('detail-lead'), 'data-leader', leadOf(update).leader);
    setText(element('detail-biden'), counts ? percent(update.shares.biden) : '–');
    setText(element('detail-trump'), counts ? percent(update.shares.trump) : '–');
    setText(element('detail-votes'), update === undefined ? '–' : count(update.totalVotes));
    setText(element('detail-counted'), update === undefined ? '–' : percentCounted(update));
    this.#drawChart(state);
  }

  get #empty(): string {
    return this.#complete ? 'No returns yet' : 'Reading its returns …';
  }

  #drawChart(state: State): void {
    const shape = shapeOf(this.#history);
    const { width, height, left, right, top, bottom } = CHART;
    const axis = (y: number, className: string): SVGLineElement =>
      makeSvg('line', { x1: left, x2: width - right, y1: y, y2: y, class: className });
    const text = (x: number, y: number, anchor: string, content: string): SVGTextElement => {
      const made = makeSvg('text', { x, y, 'text-anchor': anchor });
      made.textContent = content;
      return made;
    };
    const first = this.#history[0];
    const last = this.#history.at(-1);
    this.#chart.replaceChildren(
      axis(top, 'grid'),
      axis(height - bottom, 'grid'),
      makeSvg('path', { d: shape.biden, class: 'area-biden' }),
      makeSvg('path', { d: shape.trump, class: 'area-trump' }),
      axis(shape.zeroY, 'axis'),
      makeSvg('path', { d: shape.line, class: 'line' }),
      ...shape.corrections.map(({ x, y }) => makeSvg('circle', { cx: x, cy: y, r: 3.5, class: 'correction' })),
      ...(shape.end === undefined ? [] : [makeSvg('circle', { cx: shape.end.x, cy: shape.end.y, r: 3.5, class: 'end' })]),
      text(left, top - 8, 'start', `Biden +${shape.scale}`),
      text(0, shape.zeroY + 4, 'start', '0'),
      text(left, height - bottom + 15, 'start', `Trump +${shape.scale}`),
      ...(first === undefined ? [] : [text(left, height - 6, 'start', easternDateTime(first.time))]),
      ...(last === undefined || last === first ? [] : [text(width - right, height - 6, 'end', easternDateTime(last.time))]),
    );
    const corrections = shape.corrections.length;
    const note = corrections === 0 ? '' : `, ${corrections} of them ${corrections === 1 ? 'a correction' : 'corrections'} (rings)`;
    setText(element('chart-note'), last === undefined ? '' : `${count(this.#history.length)} updates${note}. Times are Eastern.`);
    setAttribute(this.#chart, 'aria-label', `${state.name}, lead after each of ${this.#history.length} updates; now ${lead(last)}`);
  }
}

function sentence(update: Update): string {
  const { leader, points } = leadOf(update);
  if (leader === 'none') return 'No votes reported';
  if (leader === 'tie') return 'Even, as reported';
  return `${leader === 'biden' ? 'Biden' : 'Trump'} leads by ${change(Math.abs(points)).slice(1)} points`;
}
