import type { Agenda, Chance } from './agenda.js';

/**
 * The bus of a simulated world: carries encoded messages, and loses, doubles, delays and reorders them while it is faulty (I5).
 */

export interface BusFaults {
  /** Of each message, the chance that it is lost; as likely doubled, and half again as likely late. */
  readonly p: number;
  readonly baseMs: number;
  readonly jitterMs: number;
}

export interface Ends {
  toEdge(edge: string, bytes: Uint8Array): void;
  toInstance(instance: string, bytes: Uint8Array): void;
  toRouters(bytes: Uint8Array): void;
}

export class Bus {
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #faults: BusFaults;
  readonly #ends: Ends;
  readonly #tell: (line: string) => void;
  isFaulty = true;
  /** Frames get lost until then. */
  framesLostUntil = 0;
  /** Sees every message first: what it returns false for is lost. */
  filter: (link: { readonly from: string; readonly to: string; readonly type: string; readonly bytes: Uint8Array }) => boolean = () => true;

  constructor(options: { agenda: Agenda; chance: Chance; faults: BusFaults; ends: Ends; tell: (line: string) => void }) {
    this.#agenda = options.agenda;
    this.#chance = options.chance;
    this.#faults = options.faults;
    this.#ends = options.ends;
    this.#tell = options.tell;
  }

  toEdge(from: string, edge: string, bytes: Uint8Array, type: string): void {
    if (type === 'frame' && this.#agenda.now < this.framesLostUntil) {
      this.#tell(`x frame ${from} > ${edge} lost`);
      return;
    }
    this.#send(from, edge, type, bytes, () => this.#ends.toEdge(edge, bytes));
  }

  toInstance(from: string, instance: string, bytes: Uint8Array, type: string): void {
    this.#send(from, instance, type, bytes, () => this.#ends.toInstance(instance, bytes));
  }

  toRouters(from: string, bytes: Uint8Array, type: string): void {
    this.#send(from, 'routers', type, bytes, () => this.#ends.toRouters(bytes));
  }

  #send(from: string, to: string, type: string, bytes: Uint8Array, deliver: () => void): void {
    if (!this.filter({ from, to, type, bytes })) {
      this.#tell(`x ${type} ${from} > ${to} taken out`);
      return;
    }
    const name = `${from}>${to} ${type}`;
    const { p, baseMs, jitterMs } = this.#faults;
    const delay = baseMs + jitterMs * this.#chance.draw(name);
    const fate = this.isFaulty ? this.#chance.draw(name) : 1;
    if (fate < p) {
      this.#tell(`x ${name} lost`);
      return;
    }
    const extent = this.#chance.draw(name);
    if (fate < 2 * p) {
      this.#agenda.in(delay, deliver);
      this.#agenda.in(delay + extent ** 2 * 3_000, deliver);
    } else if (fate < 3 * p) {
      this.#tell(`~ ${name} late by ${Math.round(extent ** 2 * 2_500)}`);
      this.#agenda.in(delay + extent ** 2 * 2_500, deliver);
    } else {
      this.#agenda.in(delay + (fate < 5 * p ? extent * 40 : 0), deliver);
    }
  }
}
