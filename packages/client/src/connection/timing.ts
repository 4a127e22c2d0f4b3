/** The connection's times. None is an option: they follow from the protocol, or from what a person waits for without complaint. */
export const TIMING = {
  /** A link that has not opened and spoken by then is given up. */
  openMs: 6_000,
  /** An answer to the question whether the connection has survived a sleep. */
  checkMs: 4_000,
  /** How late a heartbeat may be: the network takes its time. */
  heartbeatLateMs: 2_000,
  /** A pause is random, up to this, doubled with every failure in a row, up to the next. */
  pauseMs: 1_000,
  pauseMsMax: 30_000,
  /** A connection that lasted so long was a good one: what failed before is forgotten. */
  stableMs: 10_000,
  /** From a lesser transport to the first trial of a better one; doubled with every trial, up to the next. */
  climbMs: 10_000,
  climbMsMax: 320_000,
  /** A timer that fires so late was asleep. */
  lateMs: 5_000,
} as const;
