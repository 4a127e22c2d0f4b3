import { formatPosition, parseMailbox } from '@restante/protocol';
import { Purged } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { logNamed } from '../appends.js';
import type { Context } from '../context.js';
import { readQuery } from '../query.js';
import { nameInPath, sendJson } from '../request.js';

/** `DELETE /v1/mailboxes/{name…}`: erases a mailbox's messages, and leaves the entry that tells every reader and cache so. */
export function purgeRoute(app: FastifyInstance, context: Context): void {
  const operation = {
    summary: 'Purge a mailbox: erase its messages, everywhere.',
    responses: { 200: { description: 'Purged; the cursor is that of the entry that says so.', schema: Purged } },
  };
  app.delete('/v1/mailboxes/*', { config: { operation } }, (request, reply) => purge(context, request, reply));
}

async function purge(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  readQuery(request.query, []);
  const mailbox = parseMailbox(nameInPath(request));
  const log = context.admission.logToPublish(mailbox, context.callerOf());
  const position = await logNamed(context.deps.logs, log).purge(mailbox);
  return sendJson(reply, 200, `{"mailbox":"${mailbox}","cursor":"${formatPosition(log, position)}"}`);
}
