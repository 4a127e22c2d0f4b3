import type { Stored } from '@restante/backend';
import { bodyOf, formatPosition, type NewEntry, parseMailbox } from '@restante/protocol';
import { Published, PublishHeaders } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.js';
import { requestMessageHeaders } from '../message-headers.js';
import { checkMessageId } from '../message-id.js';
import { readQuery } from '../query.js';
import { bytesOf, nameInPath, sendJson } from '../request.js';

/** `POST /v1/mailboxes/{name…}`: drops one message, and answers when the log has stored it (I1). */
export function publishRoute(app: FastifyInstance, context: Context): void {
  const operation = {
    summary: 'Drop a message. JSON stays as it is sent; text/* is text; anything else comes back as base64.',
    headers: PublishHeaders,
    body: { 'application/json': {}, 'text/plain': { type: 'string' }, 'application/octet-stream': {} },
    responses: {
      200: { description: 'This id was stored before; this is the first one.', schema: Published },
      201: { description: 'Stored.', schema: Published },
    },
  };
  app.post('/v1/mailboxes/*', { bodyLimit: context.limits.messageBytesMax, config: { operation } }, (request, reply) =>
    publish(context, request, reply),
  );
}

async function publish(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  readQuery(request.query, []);
  const mailbox = parseMailbox(nameInPath(request));
  const log = context.admission.logToPublish(mailbox, context.callerOf());
  const [outcome] = await context.appends.append(log, [newEntry(mailbox, request, context.limits.headersBytesMax)]);
  if (outcome === undefined) throw new Error('the log gave no outcome');
  if (!outcome.ok) throw outcome.error;
  return sendJson(reply, outcome.duplicate ? 200 : 201, publishedJson(log, mailbox, outcome));
}

function newEntry(mailbox: string, request: FastifyRequest, headersBytesMax: number): NewEntry {
  const { 'idempotency-key': key, 'content-type': contentType } = request.headers;
  const id = key === undefined ? undefined : String(key);
  if (id !== undefined) checkMessageId(id);
  const headers = requestMessageHeaders(request.headers, headersBytesMax);
  return { mailbox, ...(id !== undefined && { id }), ...(headers && { headers }), ...bodyOf(bytesOf(request), contentType) };
}

/** A Published. Names and cursors hold no character that JSON would escape. */
export function publishedJson(log: string, mailbox: string, { position, time, duplicate }: Stored): string {
  const cursor = formatPosition(log, position);
  const told = time === undefined ? '' : `,"time":${time}`;
  return `{"mailbox":"${mailbox}","cursor":"${cursor}","seq":${position.seq}${told},"duplicate":${duplicate}}`;
}
