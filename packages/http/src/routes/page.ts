import { RestanteError } from '@restante/protocol';
import { Page, PageQuery } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.js';
import { PageBody, sendPage } from '../page-body.js';
import { type PageAfter, parsePageRequest } from '../page-request.js';
import { readPage } from '../pages.js';
import { readQuery } from '../query.js';
import { nameInPath } from '../request.js';

const PARAMETERS = Object.keys(PageQuery.properties);

/** `GET /v1/mailboxes/{name or pattern}`: a page, at once or (`wait`) when there is something to put into it. */
export function pageRoute(app: FastifyInstance, context: Context): void {
  const operation = {
    summary: 'Pick up messages: a page, ascending. With wait, a long poll.',
    query: PageQuery,
    responses: { 200: { description: 'A page. next goes on from here; keep it.', schema: Page }, 304: { description: 'As before.' } },
  };
  app.get('/v1/mailboxes/*', { config: { operation } }, (request, reply) => page(context, request, reply));
}

async function page(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { limits, admission, deps } = context;
  const query = readQuery(request.query, PARAMETERS);
  const wanted = parsePageRequest(nameInPath(request), query, limits, admission, context.callerOf());
  const isPublic = admission.isPublic(wanted.logs);
  const waits = wanted.direction === 'after' && wanted.waitMs > 0;
  const body = waits ? await waited(context, wanted, reply) : new PageBody(await readPage(deps.logs, wanted, limits.pageBytesMax));
  return body === undefined ? reply : sendPage(request, reply, body, isPublic);
}

async function waited(context: Context, wanted: PageAfter, reply: FastifyReply): Promise<PageBody | undefined> {
  if (context.waits === undefined)
    throw new RestanteError('QUERY_INVALID', 'nobody can wait here: this server answers at once, edges take "wait"');
  const wait = context.waits.join(wanted, context.callerOf().kind);
  reply.raw.once('close', wait.leave);
  return wait.body;
}
