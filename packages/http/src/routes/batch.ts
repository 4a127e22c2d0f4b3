import type { AppendOutcome } from '@restante/backend';
import { isJsonType, isUnspoken, jsonText, type NewEntry, parseJson, RestanteError } from '@restante/protocol';
import { PublishBatch, PublishResults } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { itemEntry } from '../batch-item.js';
import type { Context } from '../context.js';
import { internalFault } from '../failures.js';
import { problemOf } from '../problem.js';
import { readQuery } from '../query.js';
import { memberSources } from '../raw-json.js';
import { bytesOf, sendJson } from '../request.js';
import { publishedJson } from './publish.js';

/**
 * `POST /v1/publish`: many messages in one call, each with a result of its own: the call is fine even where a message is not.
 * Messages of one mailbox are stored in their order (I2).
 */
export function batchRoute(app: FastifyInstance, context: Context): void {
  const operation = {
    summary: 'Drop many messages. A result for each, in order: stored, or the problem that this one had.',
    body: { 'application/json': PublishBatch },
    responses: { 200: { description: 'The results.', schema: PublishResults } },
  };
  const options = { bodyLimit: context.limits.batchBytesMax, config: { tooLarge: 'BATCH_TOO_LARGE', operation } } as const;
  app.post('/v1/publish', options, (request, reply) => publishBatch(context, request, reply));
}

async function publishBatch(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  readQuery(request.query, []);
  const { items, dataSources } = parseBatch(request, context.limits.batchMessagesMax);
  const results: string[] = new Array(items.length);
  const byLog = new Map<string, Share>();
  for (const [index, item] of items.entries()) {
    try {
      addToShare(byLog, context, index, itemEntry(item, dataSources[index], context.limits));
    } catch (error) {
      results[index] = failureJson(context, request, error);
    }
  }
  await Promise.all([...byLog].map(([log, share]) => appendShare(context, request, log, share, results)));
  return sendJson(reply, 200, `{"results":[${results.join(',')}]}`);
}

/** What of a batch goes to one log, and whose results those are. */
interface Share {
  readonly entries: NewEntry[];
  readonly indexes: number[];
}

function addToShare(byLog: Map<string, Share>, context: Context, index: number, entry: NewEntry): void {
  const log = context.admission.logToPublish(entry.mailbox, context.callerOf());
  let share = byLog.get(log);
  if (share === undefined) byLog.set(log, (share = { entries: [], indexes: [] }));
  share.entries.push(entry);
  share.indexes.push(index);
}

async function appendShare(context: Context, request: FastifyRequest, log: string, share: Share, results: string[]): Promise<void> {
  const outcomes = await outcomesOf(context, log, share.entries);
  for (const [nth, index] of share.indexes.entries()) {
    const outcome = outcomes[nth];
    const entry = share.entries[nth] as NewEntry;
    if (outcome?.ok) results[index] = publishedJson(log, entry.mailbox, outcome);
    else results[index] = failureJson(context, request, outcome?.error);
  }
}

/** One log that fails must not hide what the others have stored: its failure is the outcome of each of its messages. */
async function outcomesOf(
  context: Context,
  log: string,
  entries: readonly NewEntry[],
): Promise<readonly (AppendOutcome | { ok: false; error: unknown })[]> {
  try {
    return await context.appends.append(log, entries);
  } catch (error) {
    return entries.map(() => ({ ok: false, error }));
  }
}

function failureJson(context: Context, request: FastifyRequest, error: unknown): string {
  const known = error instanceof RestanteError ? error : internalFault(error, request, context.deps.faults);
  return JSON.stringify(problemOf(known));
}

interface ParsedBatch {
  readonly items: readonly unknown[];
  readonly dataSources: readonly (string | undefined)[];
}

function parseBatch(request: FastifyRequest, messagesMax: number): ParsedBatch {
  const { 'content-type': contentType } = request.headers;
  if (!isUnspoken(contentType) && !isJsonType(contentType))
    throw new RestanteError('MEDIA_TYPE_UNSUPPORTED', 'a batch is application/json');
  const text = jsonText(bytesOf(request));
  const items = parseJson(text);
  if (!Array.isArray(items) || items.length === 0) throw new RestanteError('BODY_INVALID', 'a batch is an array of at least one message');
  if (items.length > messagesMax) throw new RestanteError('BATCH_TOO_LARGE', `a batch has at most ${messagesMax} messages`);
  return { items, dataSources: memberSources(text, 'data') };
}
