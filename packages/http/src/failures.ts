import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { quote, RestanteError } from '@restante/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FaultLog } from './context.js';
import { codeOfFault, faultError, rawProblem, sendProblem } from './problem.js';
import { isUnread } from './unread-bodies.js';

/**
 * Where every failure ends up, fastify's and Node's own among them: each is a problem of the catalogue, whichever way it came.
 */

/** Must come before the routes: it learns from their registration which methods an address takes. */
export function addFailures(app: FastifyInstance, faults: FaultLog | undefined): void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // Not a route of ours: CORS answers OPTIONS everywhere.
    if (url === '*') return;
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  app.setNotFoundHandler((request, reply) => sendNotFound(methods, request, reply));
  app.setErrorHandler((error: FastifyError, request, reply) => answerFailure(error, request, reply, faults));
}

/** Also for what fails before a route is found, such as an address that cannot be decoded. */
export function answerFailure(
  error: FastifyError | RestanteError,
  request: FastifyRequest,
  reply: FastifyReply,
  faults?: FaultLog,
): FastifyReply {
  // Fastify closes the connection when a body is refused, and who is still sending then loses the answer: Node reads on and forgets.
  reply.removeHeader('connection');
  if (error instanceof RestanteError) return sendProblem(reply, error);
  const code = codeOfFault(error);
  if (code !== undefined) return sendProblem(reply, faultError(code, error));
  return sendProblem(reply, internalFault(error, request, faults));
}

/** A fault of ours: written to the log, and known to the peer only by the id of its request. */
export function internalFault(cause: unknown, request: FastifyRequest, faults: FaultLog | undefined): RestanteError {
  faults?.error({ err: cause, request: request.id, method: request.method, route: request.routeOptions?.url }, 'a request failed');
  return new RestanteError('INTERNAL', `request ${request.id} failed`, { cause });
}

/** What Node's parser refuses never becomes a request: the answer is written to the socket as it is. */
export function onConnectionFault(fault: Error & { readonly code?: string }, socket: Socket): void {
  if (fault.code === 'ECONNRESET' || !socket.writable || owesReply(socket) || isUnread(socket)) {
    socket.destroy();
    return;
  }
  const code = codeOfFault(fault) ?? 'REQUEST_INVALID';
  socket.end(rawProblem(faultError(code, fault)), () => socket.destroy());
}

/** Is the reply to an earlier, whole request still to come, or under way? Ours would be taken for it. */
function owesReply(socket: Socket): boolean {
  // Node keeps the reply that has the socket here; there is no public way to it.
  const { _httpMessage: reply } = socket as { readonly _httpMessage?: ServerResponse | null };
  return reply !== undefined && reply !== null && (reply.headersSent || reply.req.complete);
}

function sendNotFound(methods: ReadonlyMap<string, ReadonlySet<string>>, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [path = ''] = request.url.split('?', 1);
  const allowed = new Set<string>();
  for (const [route, known] of methods) if (isOfRoute(path, route)) for (const method of known) allowed.add(method);
  if (allowed.size === 0) return sendProblem(reply, new RestanteError('NOT_FOUND', `there is nothing at ${quote(path)}`));
  reply.header('allow', [...allowed].sort().join(', '));
  return sendProblem(reply, new RestanteError('METHOD_NOT_ALLOWED', `${quote(path)} does not take ${request.method}`));
}

function isOfRoute(path: string, route: string): boolean {
  return route.endsWith('*') ? path.startsWith(route.slice(0, -1)) : path === route;
}
