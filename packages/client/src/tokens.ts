import type { ConnectOptions } from './options.js';
import type { After } from './links/link.js';

/** The token of a client: fetched once for all who ask at a time, and again before it expires, where it says when that is. */

/** A token is fetched anew when a tenth of its life is left, or this, where that is less. */
const EARLY_MS_MAX = 60_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface TokensDeps {
  readonly source: ConnectOptions['token'];
  readonly now: () => number;
  readonly after: After;
  /** There is time to send a new one. */
  readonly onRenewal: () => void;
}

export class Tokens {
  readonly #deps: TokensDeps;
  #current: Promise<string> | undefined;
  #stopTimer: (() => void) | undefined;

  constructor(deps: TokensDeps) {
    this.#deps = deps;
  }

  /** @throws what the application's own function throws */
  get(): Promise<string | undefined> {
    const { source } = this.#deps;
    if (typeof source !== 'function') return Promise.resolve(source);
    return (this.#current ??= this.#fetch(source));
  }

  close(): void {
    this.#stopTimer?.();
  }

  async #fetch(source: () => string | Promise<string>): Promise<string> {
    try {
      const token = await source();
      this.#renewBefore(expiryOf(token));
      return token;
    } catch (error) {
      this.#current = undefined;
      throw error;
    }
  }

  #renewBefore(expiresAt: number | undefined): void {
    if (expiresAt === undefined) return;
    const { now, after, onRenewal } = this.#deps;
    const leftMs = Math.max(0, expiresAt - now());
    this.#stopTimer?.();
    // At least a second: a clock that is wrong, or a token that has expired, must not be asked about without end.
    this.#stopTimer = after(Math.min(TIMER_MS_MAX, Math.max(1_000, leftMs - Math.min(EARLY_MS_MAX, leftMs / 10))), () => {
      this.#current = undefined;
      onRenewal();
    });
  }
}

/** When a JWT expires, in milliseconds since 1970; undefined for tokens that do not say. */
function expiryOf(token: string): number | undefined {
  try {
    const claims = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    const { exp } = JSON.parse(claims) as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
