import type { ErrorCode } from '@restante/protocol';

/** What only a client can say. */
export type ClientErrorCode =
  /** The client was closed. */
  | 'CLOSED'
  /** The network failed, or an answer was none. */
  | 'UNREACHABLE'
  /** More is waiting to be published than is kept. */
  | 'PUBLISHES_TOO_MANY';

/**
 * Why something was refused, or given up. Decide by `code`: one of the server's, which docs/errors.md lists, or one of
 * `ClientErrorCode`.
 */
export class RequestError extends Error {
  readonly code: ErrorCode | ClientErrorCode | (string & {});
  /** May the same thing succeed later, unchanged? */
  readonly retryable: boolean;
  /** How long to wait before that, where the server said so. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: { retryable?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RequestError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}
