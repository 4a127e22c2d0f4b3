/**
 * Every limit that a peer can meet, in one place (I7). Units come last in the name; the comment says what happens at the limit.
 * Limits that an operator may change are configuration with these as defaults; the others are part of the protocol.
 */
export const LIMITS = {
  /** A mailbox name or pattern, in bytes (all its characters are ASCII). Longer: `MAILBOX_INVALID`. */
  nameBytesMax: 255,
  /** Segments of a name. More: `MAILBOX_INVALID`. */
  nameSegmentsMax: 16,
  /** Parts of a cursor, one a log. More: `CURSOR_INVALID`. */
  cursorPartsMax: 64,
  /** Body of one message. Larger: `MESSAGE_TOO_LARGE`. Default; NATS' 1 MiB payload must also hold the headers. */
  messageBytesMax: 512 * 1024,
  /** A message's id, in bytes. Longer: `ID_INVALID`. */
  idBytesMax: 128,
  /** All `Restante-*` headers of one message, names and values, in bytes. More: `HEADERS_TOO_LARGE`. */
  headersBytesMax: 4 * 1024,
  /** Messages in one `POST /v1/publish`. More: `BATCH_TOO_LARGE`. */
  batchMessagesMax: 1_000,
  /** Body of one `POST /v1/publish`. Larger: `BATCH_TOO_LARGE`. */
  batchBytesMax: 8 * 1024 * 1024,
  /** Request bodies that one process is receiving. More: `OVERLOADED`. */
  requestBytesMax: 128 * 1024 * 1024,
  /** Bodies whose append is under way in one process. More: `OVERLOADED`. */
  appendBytesMax: 64 * 1024 * 1024,
  /** Messages in one page. More is refused: `QUERY_INVALID`. */
  pageMessagesMax: 1_000,
  /** Messages in a page whose reader named no limit. */
  pageMessagesDefault: 100,
  /** Bytes of messages in one page; a page holds at least one message, however large. The rest comes with the next page. */
  pageBytesMax: 1024 * 1024,
  /** Longest long poll. More is refused: `QUERY_INVALID`. */
  waitSecondsMax: 60,
  /** Requests that wait in long polls on one edge. More: `OVERLOADED`. */
  waitsMax: 100_000,
  /** A frame from a WebSocket client. Larger: close 1009. */
  socketFrameBytesMax: 64 * 1024,
  /** Subscriptions of one connection. More: `SUBSCRIPTIONS_TOO_MANY`. */
  subscriptionsMax: 1_000,
  /** A `ref` that a client gives to its request. Longer: `FRAME_INVALID`. */
  refBytesMax: 64,
  /** What a connection's socket holds before its readers stop being pushed to and catch up from their cursors instead. */
  socketHighWaterBytes: 64 * 1024,
  /** Bytes of one catch-up page or live batch pushed to a connection: with the high water above, all that is ever queued for one. */
  pushBytesMax: 128 * 1024,
  /** Publishes of one WebSocket that may be under way. At the limit its socket is not read until one is stored. */
  socketPublishesMax: 64,
} as const;
