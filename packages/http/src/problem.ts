import { ERRORS, type ErrorCode, type Problem, RestanteError } from '@restante/protocol';
import type { FastifyReply } from 'fastify';

/**
 * Every failure as RFC 9457 problem details with a code of the catalogue. What is not in the catalogue becomes `INTERNAL`:
 * its text may hold anything, so it goes to the log and never to the peer.
 */

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** What a client is told to wait where an error that passes has no better idea. */
const RETRY_AFTER_MS = 1_000;

export function problemOf(error: RestanteError): Problem {
  const { status, title, retryable } = ERRORS[error.code];
  const problem = { type: `/errors#${error.code}`, title, status, detail: error.message, code: error.code, retryable };
  return retryable ? { ...problem, retryAfterMs: error.retryAfterMs ?? RETRY_AFTER_MS } : problem;
}

export function sendProblem(reply: FastifyReply, error: RestanteError): FastifyReply {
  const problem = problemOf(error);
  if (problem.retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(problem));
  return reply.code(problem.status).header('cache-control', 'no-store').header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** A whole response for a connection whose request never became one. */
export function rawProblem(error: RestanteError): string {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  const retry = problem.retryAfterMs === undefined ? '' : `Retry-After: ${retryAfterSeconds(problem)}\r\n`;
  const head = `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n${retry}`;
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

/** Retry-After counts whole seconds. */
function retryAfterSeconds(problem: Problem): number {
  return Math.ceil((problem.retryAfterMs ?? RETRY_AFTER_MS) / 1_000);
}

/** What fastify and Node call it, in the words of the catalogue; undefined for a fault of ours. */
export function codeOfFault(fault: { readonly code?: unknown; readonly statusCode?: unknown }): ErrorCode | undefined {
  switch (fault.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'MEDIA_TYPE_UNSUPPORTED';
    case 'HPE_HEADER_OVERFLOW':
      return 'HEADERS_TOO_LARGE';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'REQUEST_TIMEOUT';
    default:
      return typeof fault.statusCode === 'number' && fault.statusCode < 500 ? 'REQUEST_INVALID' : undefined;
  }
}

/** A peer's fault, with a text of ours: what the parser says quotes what it was sent. */
export function faultError(code: ErrorCode, cause: unknown): RestanteError {
  return new RestanteError(code, ERRORS[code].mend, { cause });
}
