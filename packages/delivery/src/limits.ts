import { LIMITS } from '@restante/protocol';

/**
 * Limits and paces of delivery (I7). What a shell may choose is an argument with these as defaults; the rest is part of the link's protocol.
 * Times are in milliseconds of the clock that is handed in.
 */
export const DELIVERY = {
  /** Both ends: a beat goes out so often; three missed, and the edge attaches anew. */
  beatMs: 500,
  beatsMissedMax: 3,
  /** An edge attaches again after this, doubled at each further attempt up to the maximum: a wait shorter than the round trip never succeeds. */
  attachWaitMs: 400,
  attachWaitMsMax: 5_000,
  /** Commands not acknowledged after this are sent again. */
  resendMs: 400,
  /** A frame ahead of `covered` waits so long for the one before it: jitter is not loss. */
  holeMs: 60,
  /** An edge shows a router so often that it is alive, when it has nothing else to say. */
  keepAliveMs: 2_000,
  /** A link not heard of for this long is dropped by the router (L12). */
  linkExpiresMs: 10_000,
  /** The router did not answer a read: the edge reads the log itself. */
  readWaitMs: 300,
  /** A read that failed, or found nothing new where something must come, is tried again after this. */
  retryMs: 40,

  /** Commands in one message; the rest waits for its acknowledgement. */
  commandsPerMessage: 512,
  /** Commands not acknowledged. More: attach anew, with the interests as they are then. */
  commandsMax: 20_000,
  /** Patterns in an attach, in bytes; further ones follow as commands. */
  attachBytesMax: 512 * 1024,
  /** Frames held while a hole is open. More are dropped; the mend reads what they held. */
  heldFramesMax: 256,
  heldBytesMax: 8 * 1024 * 1024,
  /** Entries of one frame, in bytes; a frame carries at least one entry, however large. */
  frameBytesMax: 256 * 1024,
  /** A hole of more entries than this is not read but jumped: readers catch up by themselves, each from its cursor. */
  jumpEntries: 20_000,

  /** Links of one router for one log. More: the attach is not answered; another edge's link must expire first. */
  linksMax: 4_096,
  /** Patterns that one router holds for one log, all links together. More are refused (L3). */
  interestsMax: 2_000_000,

  /** Reads that one edge has under way at the log itself, for one log. More wait in line, each reader with at most one. */
  coldReadsMax: 4,
  /** Starts of runs are rounded down to this grid, so that readers who left within a short while share pages. */
  gridEntries: 1_024,
  /** Pages kept for others, per log. The one not used longest goes first. */
  pageCacheBytes: 16 * 1024 * 1024,
  /** One catch-up page: so many entries, or so many bytes and at least one entry. */
  pageEntries: 1_024,
  pageBytes: LIMITS.pushBytesMax,
  /** Entries applied and not yet passed on. At the limit the pass runs at once. */
  pendingBytesMax: 4 * 1024 * 1024,
} as const;

/** A shell, or a test, may choose others; both ends of a link must agree on those of time. */
export type DeliveryLimits = { readonly [Name in keyof typeof DELIVERY]: number };
