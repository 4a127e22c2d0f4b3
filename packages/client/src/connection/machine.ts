/**
 * The state of a client's connection: pure, events in and effects out; time and randomness are arguments. Which action an event has in
 * which phase is `TABLE`, which docs/client.md shows cell by cell; what the actions do is in `actions.ts`.
 * Links are numbered: what a link says that is neither the current one nor on trial is late, and counts for nothing.
 */

export type Phase = 'connecting' | 'open' | 'checking' | 'waiting' | 'closed';

/** What comes of a link's end. */
export interface Ending {
  /** A close code of the WebSocket, or the code of an error. */
  readonly code?: number | string | undefined;
  /** Coming back will not help. */
  readonly isFinal?: boolean | undefined;
  /** The server said when to come back. */
  readonly retryAfterMs?: number | undefined;
  /** This transport does not work here: it opened, and stayed silent. */
  readonly isBlocked?: boolean | undefined;
}

export type MachineEvent =
  /** The link is open, and the server spoke. */
  | { readonly type: 'connected'; readonly link: number; readonly heartbeatMs: number }
  /** Anything came over it. */
  | { readonly type: 'heard'; readonly link: number }
  /** The server is about to leave. */
  | { readonly type: 'drain'; readonly link: number; readonly retryAfterMs: number }
  | ({ readonly type: 'ended'; readonly link: number } & Ending)
  /** The time is `dueAt`. */
  | { readonly type: 'due' }
  /** The time is `climbAt`. */
  | { readonly type: 'climb' }
  /** The page or the network is back, or a timer fired far too late. */
  | { readonly type: 'wake' }
  | { readonly type: 'offline' }
  | { readonly type: 'close' };

export type Effect =
  | { readonly type: 'open'; readonly link: number; readonly transport: number; readonly endpoint: number }
  | { readonly type: 'close'; readonly link: number }
  /** The subscriptions and publishes are this link's from now on. */
  | { readonly type: 'adopt'; readonly link: number }
  /** They are nobody's. */
  | { readonly type: 'release' }
  /** Make the other side say something. */
  | { readonly type: 'probe'; readonly link: number };

export interface Machine {
  readonly phase: Phase;
  /** The current link; 0: none. */
  readonly link: number;
  /** A link on a better transport that is tried beside the current one; 0: none. */
  readonly trial: number;
  readonly trialTransport: number;
  /** How many links there have been. */
  readonly links: number;
  /** Of the current link, or of the next one; 0 is the best. */
  readonly transport: number;
  readonly endpoint: number;
  /** How many transports have failed since one worked: when all have, there is a pause. */
  readonly failedTransports: number;
  /** How often in a row no connection lasted. */
  readonly failures: number;
  readonly climbs: number;
  readonly heartbeatMs: number;
  readonly openedAt: number;
  /** Something came after the link's first word. */
  readonly hasHeard: boolean;
  readonly retryAfterMs: number | undefined;
  /** When patience ends: to open, to hear something, to wait. */
  readonly dueAt: number;
  /** When a better transport is tried, or its trial is over. */
  readonly climbAt: number;
  /** Why it is closed for good. */
  readonly code: number | string | undefined;
}

export interface Surroundings {
  readonly now: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly transports: number;
  readonly endpoints: number;
}

export interface Step {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

export const INITIAL: Machine = {
  phase: 'waiting',
  link: 0,
  trial: 0,
  trialTransport: 0,
  links: 0,
  transport: 0,
  endpoint: 0,
  failedTransports: 0,
  failures: 0,
  climbs: 0,
  heartbeatMs: 15_000,
  openedAt: 0,
  hasHeard: false,
  retryAfterMs: undefined,
  dueAt: 0,
  climbAt: Number.POSITIVE_INFINITY,
  code: undefined,
};
