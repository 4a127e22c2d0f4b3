import { formatCursor, formatPosition, parsePattern } from '@restante/protocol';
import { ListQuery, type MailboxList as List, MailboxList } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.js';
import { type PageAfter, parsePlace } from '../page-request.js';
import { type Located, readPage } from '../pages.js';
import { invalid, readInteger, readQuery } from '../query.js';
import { sendJson } from '../request.js';

/** `GET /v1/mailboxes?pattern=`: which mailboxes there are, by their newest message. A purged one without a message since is none. */
export function mailboxesRoute(app: FastifyInstance, context: Context): void {
  const operation = {
    summary: 'List mailboxes, ascending by the place of their newest message.',
    query: ListQuery,
    responses: { 200: { description: 'Mailboxes, and the cursor to go on with until a list is empty.', schema: MailboxList } },
  };
  app.get('/v1/mailboxes', { config: { operation } }, (request, reply) => list(context, request, reply));
}

async function list(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const page = await readPage(context.deps.logs, listRequest(context, request), context.limits.pageBytesMax);
  const mailboxes = page.entries.filter(({ entry }) => entry.kind !== 'purged').map(listed);
  const body: List = { mailboxes, next: formatCursor(page.next) };
  return sendJson(reply.header('cache-control', 'private, no-store'), 200, JSON.stringify(body));
}

function listRequest({ limits, admission, callerOf }: Context, request: FastifyRequest): PageAfter {
  const query = readQuery(request.query, Object.keys(ListQuery.properties));
  if (query['pattern'] === undefined) throw invalid('pattern', 'missing');
  const pattern = parsePattern(query['pattern']);
  const limit = readInteger(query, 'limit', 1, limits.pageMessagesMax) ?? limits.pageMessagesDefault;
  const logs = admission.logsToRead(pattern, callerOf());
  const after = query['after'] === undefined ? 'earliest' : parsePlace(query['after'], logs);
  return { direction: 'after', pattern, logs, limit, mode: 'latest', waitMs: 0, after };
}

function listed({ log, epoch, entry }: Located): List['mailboxes'][number] {
  return { mailbox: entry.mailbox, head: formatPosition(log, { epoch, seq: entry.seq }), time: entry.time };
}
