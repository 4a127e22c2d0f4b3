import { RestanteError } from '@restante/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the handlers take from a request and give to a reply, besides their own concern. */

const JSON_CONTENT = 'application/json; charset=utf-8';

/** What stands after `/v1/mailboxes`, decoded once by the router: a name or a pattern, not parsed yet. */
export function nameInPath(request: FastifyRequest): string {
  return `/${(request.params as { readonly '*': string })['*']}`;
}

/** The bytes as they came. @throws RestanteError `MEDIA_TYPE_UNSUPPORTED` for compressed ones */
export function bytesOf(request: FastifyRequest): Buffer {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RestanteError('MEDIA_TYPE_UNSUPPORTED', 'a body is taken as it is, without a content encoding');
  }
  return (request.body as Buffer | undefined) ?? Buffer.alloc(0);
}

/** Sends JSON that is text already. */
export function sendJson(reply: FastifyReply, status: number, json: string | Buffer): FastifyReply {
  return reply.code(status).header('content-type', JSON_CONTENT).send(json);
}

/** Adds to `Vary`, which CORS may have begun. */
export function vary(reply: FastifyReply, name: string): void {
  const before = reply.getHeader('vary');
  reply.header('vary', before === undefined ? name : `${String(before)}, ${name}`);
}
