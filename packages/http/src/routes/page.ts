import { RestanteError } from '@restante/protocol';
import { Page, PageQuery } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.js';
import { PageBody, sendPage } from '../page-body.js';
import { type PageAfter, type PageRequest, parsePageRequest } from '../page-request.js';
import { readQuery } from '../query.js';
import { nameInPath } from '../request.js';
import type { SharedWaits } from '../shared-waits.js';

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
  const { limits, admission } = context;
  const query = readQuery(request.query, PARAMETERS);
  const wanted = parsePageRequest(nameInPath(request), query, limits, admission, context.callerOf());
  const isPublic = admission.isPublic(wanted.logs);
  const body = await bodyOf(context, wanted, request, reply);
  return body === undefined ? reply : sendPage(request, reply, body, isPublic);
}

async function bodyOf(context: Context, wanted: PageRequest, request: FastifyRequest, reply: FastifyReply): Promise<PageBody | undefined> {
  if (wanted.direction === 'after' && wanted.waitMs > 0) {
    const waits = waitsFor(context, request, reply);
    if (waits !== undefined) return waited(waits, wanted, context.callerOf().kind, reply);
  }
  return new PageBody(await context.readPage(wanted));
}

/** Who asks for a wait where none makes sense is answered as if for none. @throws RestanteError `QUERY_INVALID` */
function waitsFor({ waits }: Context, request: FastifyRequest, reply: FastifyReply): SharedWaits | undefined {
  if (waits === undefined) throw new RestanteError('QUERY_INVALID', 'nobody can wait here: this server answers at once, edges take "wait"');
  // Behind another answer on its connection, a reply is not told when its client goes, so it would wait on for nobody.
  const isQueued = reply.raw.socket === null;
  return request.method === 'HEAD' || isQueued ? undefined : waits;
}

async function waited(waits: SharedWaits, wanted: PageAfter, caller: string, reply: FastifyReply): Promise<PageBody | undefined> {
  const wait = waits.join(wanted, caller);
  reply.raw.once('close', wait.leave);
  const body = await wait.body;
  // The server left meanwhile, and this connection is to end with it.
  if (waits.wereEnded) reply.header('connection', 'close');
  return body;
}
