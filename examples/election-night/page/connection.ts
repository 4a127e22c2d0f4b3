import type { ConnectionState } from '@restante/client';
import { Delays } from './delays.js';
import { element, setAttribute, setText } from './dom.js';
import { milliseconds } from './format.js';

/** The connection's badge: its state in words, and the delay from publisher to screen. */

const TRANSPORTS = { websocket: 'WebSocket', sse: 'server-sent events', 'long-poll': 'long poll' } as const;
/** The delay shown is the median of the last so many. */
const DELAYS = 64;

export class ConnectionBadge {
  readonly #box = element('connection');
  readonly #delays = new Delays(DELAYS);
  #state: ConnectionState = { state: 'connecting' };
  #live = false;

  changed(state: ConnectionState): void {
    this.#state = state;
    this.draw();
  }

  live(): void {
    this.#live = true;
    this.draw();
  }

  behind(): void {
    this.#live = false;
    this.draw();
  }

  drawn(delayMs: number): void {
    this.#delays.add(delayMs);
  }

  draw(): void {
    const state = this.#state;
    setAttribute(this.#box, 'data-state', state.state === 'open' && this.#live ? 'live' : state.state);
    setText(element('connection-text'), describe(state, this.#live));
    const median = this.#delays.percentile(50);
    setText(element('delay'), median === undefined ? '–' : milliseconds(median));
  }
}

export function describe(state: ConnectionState, live: boolean): string {
  if (state.state === 'open') return `${live ? 'Live' : 'Catching up'} over ${TRANSPORTS[state.transport]}`;
  if (state.state === 'waiting') return 'Connection lost, coming back';
  return state.state === 'connecting' ? 'Connecting' : 'Closed';
}
