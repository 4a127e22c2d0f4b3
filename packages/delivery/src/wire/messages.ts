import type { Entry, Epochs, GapReason } from '@restante/protocol';

/**
 * What edges and routers say to each other (docs/delivery.md, L1–L13). One link carries one log.
 * Everything but an attach names both halves of its link; whatever bears another name is dropped (L1). `version` is the form
 * in which a message is written, as its first byte says: of an attach the newest that the edge speaks, else the link's (L13).
 */

/** The edge's half is ordered: a random id per process, then a counter of its attempts. The router draws `half` when it creates the link. */
export interface LinkName {
  readonly version: number;
  readonly log: string;
  readonly edge: string;
  readonly attempt: number;
  readonly half: string;
}

export interface Attach {
  readonly type: 'attach';
  readonly version: number;
  readonly log: string;
  readonly edge: string;
  readonly attempt: number;
  /** As many of the edge's interests as fit (L2). */
  readonly patterns: readonly string[];
}

export interface Attached extends LinkName {
  readonly type: 'attached';
  /** Whom to talk to from now on. */
  readonly instance: string;
  readonly epochs: Epochs;
  /** Frames start after this seq. */
  readonly position: number;
  /** Patterns of the attach that found no room. */
  readonly refused: readonly string[];
}

export interface Command {
  readonly r: number;
  readonly op: 'watch' | 'unwatch';
  readonly pattern: string;
}

export interface Commands extends LinkName {
  readonly type: 'commands';
  /** Ascending, without a hole. Empty: the edge is alive, nothing more. */
  readonly commands: readonly Command[];
}

/** All entries of the interests after command `r`, in `(from, upTo]`. */
export interface Frame extends LinkName {
  readonly type: 'frame';
  readonly r: number;
  /** Commands that found no room, and whose refusal the edge may not have seen yet. */
  readonly refused: readonly number[];
  readonly epoch: string;
  readonly from: number;
  readonly upTo: number;
  readonly entries: readonly Entry[];
}

/** The empty frame `(upTo, upTo]` with its r, and a sign of life (L9). */
export interface Beat extends LinkName {
  readonly r: number;
  readonly refused: readonly number[];
  readonly epoch: string;
  readonly upTo: number;
}

/** One message from a router to an edge: the beats of all logs that it serves to it. */
export interface Beats {
  readonly type: 'beats';
  /** That of the edge's links: they are all of one process. */
  readonly version: number;
  readonly beats: readonly Beat[];
}

export interface Read extends LinkName {
  readonly type: 'read';
  readonly id: number;
  /** Empty: those of the link, for a mend. All that is active on the edge is held by the router, so the page lacks nothing. */
  readonly patterns: readonly string[];
  readonly epoch: string;
  readonly after: number;
  readonly mode: 'every' | 'latest';
  readonly limit: number;
  readonly bytes: number;
}

/** The router's answer from memory; `miss`: it does not hold that stretch, read the log. */
export interface ReadAnswer {
  readonly type: 'answer';
  readonly version: number;
  readonly log: string;
  readonly id: number;
  readonly page: PageAnswer | 'miss';
}

/** A page as delivery uses it: from the ring's owner, the router's memory or the log. */
export interface PageAnswer {
  readonly epochs: Epochs;
  /** The page holds every matching entry in `(start, next]`. */
  readonly start: number;
  readonly next: number;
  /** Up to where the copy that answered held the log. A page that ends below was cut at its limit. */
  readonly head: number;
  readonly complete: boolean;
  readonly reason?: GapReason;
  readonly entries: readonly Entry[];
}

export type ToRouter = Attach | Commands | Read;
export type ToEdge = Attached | Frame | Beats | ReadAnswer;
export type WireMessage = ToRouter | ToEdge;
