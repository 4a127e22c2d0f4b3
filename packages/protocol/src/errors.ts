/**
 * The one catalogue of errors: what went wrong, whether trying again can help, and how HTTP and WebSocket say it.
 * Code decides by `code`, never by the text. `docs/errors.md` is made from this file.
 */

interface ErrorKind {
  /** HTTP status of the problem details. */
  readonly status: number;
  /** Short and the same every time (RFC 9457 `title`). */
  readonly title: string;
  /** May the very same request succeed later, unchanged? */
  readonly retryable: boolean;
  /** What the one who meets it can do. */
  readonly mend: string;
}

// biome-ignore format: a table, one error a row
export const ERRORS = {
  MAILBOX_INVALID: { status: 400, title: 'Not a mailbox name', retryable: false, mend: 'A name is /seg/seg…: 1 to 16 segments of A-Z a-z 0-9 - _ ! ~ ( ) $ @, at most 255 bytes.' },
  PATTERN_INVALID: { status: 400, title: 'Not a pattern', retryable: false, mend: 'A pattern is a mailbox name, or a name that ends in /* (one more segment) or /** (one or more).' },
  MAILBOX_RESERVED: { status: 403, title: 'Reserved name', retryable: false, mend: 'Names under /meta belong to the protocol; names under /service go to backends and cannot be read by clients.' },
  MAILBOX_NOT_CONFIGURED: { status: 404, title: 'No namespace takes this name', retryable: false, mend: 'Configure a namespace with the name of the first segment, or one called "*".' },
  CURSOR_INVALID: { status: 400, title: 'Not a cursor', retryable: false, mend: 'Send a cursor exactly as it was handed out, or "earliest" or "now".' },
  QUERY_INVALID: { status: 400, title: 'Bad query', retryable: false, mend: 'The detail names the parameter and what it may be.' },
  BODY_INVALID: { status: 400, title: 'Bad body', retryable: false, mend: 'The detail says what is wrong with it.' },
  JSON_INVALID: { status: 400, title: 'Not valid JSON', retryable: false, mend: 'Send valid JSON in UTF-8, or name another content type; an empty body is no JSON.' },
  ID_INVALID: { status: 400, title: 'Bad message id', retryable: false, mend: 'An id is 1 to 128 visible ASCII characters.' },
  HEADERS_TOO_LARGE: { status: 431, title: 'Headers too large', retryable: false, mend: 'All Restante-* headers of a message together may have 4 KiB, all headers of a request 16 KiB.' },
  MESSAGE_TOO_LARGE: { status: 413, title: 'Message too large', retryable: false, mend: 'Put large content elsewhere and send its address.' },
  BATCH_TOO_LARGE: { status: 413, title: 'Batch too large', retryable: false, mend: 'Send at most 1,000 messages and 8 MiB in one batch.' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'Not a body that is taken here', retryable: false, mend: 'Send the body uncompressed, with a valid content type; a batch is application/json.' },
  SCHEDULE_UNAVAILABLE: { status: 501, title: 'No courier runs', retryable: false, mend: 'releaseAt needs a courier, which this server does not have.' },
  FORBIDDEN: { status: 403, title: 'Not allowed', retryable: false, mend: 'The policy of the namespace does not allow this. Who may publish may purge too; a pattern is read as a whole or not at all.' },
  HOST_REFUSED: { status: 403, title: 'Host or origin refused', retryable: false, mend: 'A server without a policy answers only to localhost, and to pages of this machine. To serve others configure namespaces; to let pages of another origin in name it in cors.origins.' },
  NOT_FOUND: { status: 404, title: 'No such route', retryable: false, mend: 'GET / lists what there is.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'No such method here', retryable: false, mend: 'GET /openapi.json lists what each route takes.' },
  UPGRADE_REQUIRED: { status: 426, title: 'A WebSocket is wanted here', retryable: false, mend: 'Open this address as a WebSocket.' },
  REQUEST_INVALID: { status: 400, title: 'Bad request', retryable: false, mend: 'The request is not valid HTTP.' },
  REQUEST_TIMEOUT: { status: 408, title: 'Request too slow', retryable: true, mend: 'The request did not arrive in time; send it again.' },
  FRAME_INVALID: { status: 400, title: 'Bad socket frame', retryable: false, mend: 'The message says which field is wrong; unknown fields are refused.' },
  REF_IN_USE: { status: 409, title: 'This ref is in use', retryable: false, mend: 'Unsubscribe it first, or choose another.' },
  REF_UNKNOWN: { status: 404, title: 'No subscription has this ref', retryable: false, mend: 'It was never made, or has ended.' },
  SUBSCRIPTIONS_TOO_MANY: { status: 429, title: 'Too many subscriptions', retryable: false, mend: 'Subscribe to a pattern, or open another connection.' },
  INTEREST_REFUSED: { status: 503, title: 'No room for another interest', retryable: true, mend: 'The router is out of memory for interests; come back later.' },
  OVERLOADED: { status: 503, title: 'Too much at once', retryable: true, mend: 'Come back after the time given.' },
  DRAINING: { status: 503, title: 'This server is leaving', retryable: true, mend: 'Connect again; another one takes you.' },
  LOG_FULL: { status: 503, title: 'The disk is full', retryable: true, mend: 'Free space on the disk that holds the data; reading goes on meanwhile.' },
  LOG_UNAVAILABLE: { status: 503, title: 'The log cannot be reached', retryable: true, mend: 'It comes back by itself; repeat a publish with the same id.' },
  LOG_MISMATCH: { status: 500, title: 'Not the log that was recorded', retryable: false, mend: 'See restante doctor.' },
  DATA_IN_USE: { status: 500, title: 'Another process uses this data', retryable: false, mend: 'Stop the other process, or choose another folder with --backend.' },
  BACKEND_REFUSED: { status: 500, title: 'The backend cannot be used as it is', retryable: false, mend: 'The detail names each setting, of Restante or of the backend, and what it must be. restante doctor tells more.' },
  CONFIG_INVALID: { status: 500, title: 'Bad configuration', retryable: false, mend: 'Each fault is named with the setting that has it.' },
  INTERNAL: { status: 500, title: 'A fault of ours', retryable: true, mend: 'It was logged with the request id.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** An error of the catalogue. `detail` is for a person; `cause` keeps what was underneath. */
export class RestanteError extends Error {
  readonly code: ErrorCode;
  /** How long to wait before trying again, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RestanteError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Close codes of the WebSocket. 4000–4499: come back; 4500–4999: do not. */
export const CLOSE = {
  /** The server is leaving; the `drain` frame said when to come back. */
  draining: 4000,
  /** No pong for two pings. */
  silent: 4001,
  /** A frame that is no JSON object at all: the peer does not speak this protocol. */
  notJson: 4500,
  /** Binary frames are not part of `restante.v1` (RFC 6455, 1003). */
  binary: 1003,
} as const;
