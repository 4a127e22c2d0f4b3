import type { Caller, Policy } from '@restante/auth';
import type { Log } from '@restante/backend';
import type { Cursor, Health, LIMITS, Namespaces, Pattern } from '@restante/protocol';
import type { Admission } from './admission.js';
import type { Appends } from './appends.js';
import type { PageRequest } from './page-request.js';
import type { PageRead } from './pages.js';
import type { SharedWaits } from './shared-waits.js';

/** What the routes are given, and what they make of it. */

export type Limits = { readonly [K in keyof typeof LIMITS]: number };

/**
 * How long a peer may take. Nobody stays by being slow: neither in sending a request nor in taking the answer.
 */
export interface Timeouts {
  /** From the first byte of a request to the end of its headers. Longer: 408. */
  readonly headersMs: number;
  /** From the first byte of a request to its last. Longer: 408. */
  readonly requestMs: number;
  /** An idle connection is kept so long: longer than proxies keep theirs, so that they and not we close it. */
  readonly keepAliveMs: number;
  /** A socket on which nothing moves is closed; longer than the longest wait. */
  readonly stalledMs: number;
}

export const TIMEOUTS: Timeouts = { headersMs: 10_000, requestMs: 60_000, keepAliveMs: 75_000, stalledMs: 120_000 };

/** Tells when there is news; the edge knows from its frames. */
export interface Waiting {
  /**
   * Resolves as soon as an entry of `pattern` may lie after `after` in one of `logs`; at once, where that cannot be ruled out.
   * May resolve without need, but not again and again: the caller reads the log each time.
   * Rejects, or never settles, once `signal` aborts.
   */
  arrived(logs: readonly string[], pattern: Pattern, after: Cursor, signal: AbortSignal): Promise<void>;
}

/** Where faults of ours are written; pino is one. */
export interface FaultLog {
  error(details: object, text: string): void;
}

export interface HttpDeps {
  readonly namespaces: Namespaces;
  /** By id; one for every namespace. */
  readonly logs: ReadonlyMap<string, Log>;
  /** By the namespace's name. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly version: string;
  readonly region: string;
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  /** Origins whose pages may make every call; `*` means all. What everybody may read or publish, pages of every origin may anyway. */
  readonly corsOrigins?: readonly string[];
  /** The server has no policy and serves only this machine: `Host` and `Origin` are checked. */
  readonly open?: boolean;
  /** Without it, nobody can wait here. */
  readonly waiting?: Waiting;
  readonly faults?: FaultLog;
  /** What `/readyz` says; always ready without. */
  readonly health?: { report(): Health };
}

/** What the handlers work with. */
export interface Context {
  readonly deps: HttpDeps;
  readonly limits: Limits;
  readonly admission: Admission;
  readonly appends: Appends;
  /** Within what one process reads at once. */
  readonly readPage: (request: PageRequest) => Promise<PageRead>;
  readonly waits: SharedWaits | undefined;
  readonly callerOf: () => Caller;
}
