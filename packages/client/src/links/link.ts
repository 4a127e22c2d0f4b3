import type { GapReason, Message } from '@restante/protocol';
import type { Ending } from '../connection/machine.js';
import type { CatchUp } from '../options.js';

/** What a connection is to the rest of the client, whichever transport carries it. */

/** A subscription, as links see it: where it wants to begin, and what it is told. */
export interface Feed {
  readonly pattern: string;
  readonly catchUp: CatchUp;
  /** Where to go on; undefined where nothing was told yet and `start` holds. */
  readonly resumeAt: string | undefined;
  readonly start: { readonly after?: string; readonly last?: number };
  /** Reading pauses until `onRoom` is called. */
  readonly isFull: boolean;
  /** Messages that still fit. */
  readonly room: number;
  matches(mailbox: string): boolean;
  /** It stands there, in all logs that its pattern touches. */
  began(cursor: string, complete: boolean, reason: GapReason | undefined): void;
  /** @param chars what it adds to the buffer */
  message(message: Message, chars: number): void;
  /** Everything up to there was told. The cursor may name logs that are not this subscription's. */
  position(cursor: string): void;
  live(): void;
  /** Not live any more: behind, or without a connection. */
  behind(): void;
  /** @param cursor where reading goes on; undefined: where the next message is */
  gap(cursor: string | undefined, reason: GapReason): void;
  /** The server does not have it. */
  refused(error: Error): void;
  /** Ends it; an error says why, where it was not wanted. */
  end(error: Error | undefined): void;
}

/** A message is stored. */
export interface Acknowledgement {
  /** Where it is stored. */
  readonly cursor: string;
  /** The id had been stored before. */
  readonly duplicate: boolean;
}

export interface Link {
  /** Feeds this subscription from where it stands, until `detach`. */
  attach(feed: Feed): void;
  detach(feed: Feed): void;
  /** There is room in it again. */
  onRoom(feed: Feed): void;
  /** There is a new token. */
  renew(): void;
  /** Makes the other side say something, or ends. */
  probe(): void;
  /** undefined where this link does not take it. Rejects where it was refused, or nobody knows. */
  publish(mailbox: string, data: unknown, id: string): Promise<Acknowledgement> | undefined;
  /** No event follows. */
  close(): void;
}

interface LinkEvents {
  connected(heartbeatMs: number): void;
  heard(): void;
  drain(retryAfterMs: number): void;
  /** Once, and nothing after it. */
  ended(ending: Ending): void;
}

/** A timer, and how to stop it. */
export type After = (ms: number, call: () => void) => () => void;

export interface LinkContext {
  /** `http…`, without a slash at the end. */
  readonly url: string;
  readonly events: LinkEvents;
  readonly token: () => Promise<string | undefined>;
  readonly after: After;
  readonly random: () => number;
}
