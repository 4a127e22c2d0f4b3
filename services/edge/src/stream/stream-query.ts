import { bytesOf } from '@restante/http';
import { LIMITS, parseJson, quote, RestanteError } from '@restante/protocol';
import { StreamQuery } from '@restante/protocol/schemas';
import type { FastifyRequest } from 'fastify';
import type { Wanted } from '../subscriptions.js';

/** What a stream is asked for, in its address or in a body; strict, like every other request. */

/** A thousand patterns of full length, in JSON. */
export const BODY_BYTES_MAX = 512 * 1024;

const FIELDS = Object.keys(StreamQuery.properties);

export function wantedByQuery(query: unknown): Wanted {
  const given = query as Readonly<Record<string, string | readonly string[]>>;
  const single = (name: string): string | undefined => {
    const value = given[name];
    if (value === undefined || typeof value === 'string') return value;
    throw new RestanteError('QUERY_INVALID', `the parameter ${quote(name)} is given more than once`);
  };
  refuseUnknown(given);
  const last = single('last');
  return checked({
    mailbox: [given['mailbox'] ?? []].flat(),
    after: single('after'),
    last: last === undefined || !/^\d{1,15}$/.test(last) ? last : Number(last),
    catchUp: single('catchUp'),
  });
}

export function wantedByBody(request: FastifyRequest): Wanted {
  const body = parseJson(bytesOf(request).toString());
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RestanteError('BODY_INVALID', 'the body is a JSON object');
  refuseUnknown(body);
  const { mailbox, after, last, catchUp } = body as Readonly<Record<string, unknown>>;
  return checked({ mailbox: [mailbox ?? []].flat(), after, last, catchUp });
}

function refuseUnknown(given: object): void {
  for (const name in given) {
    if (!FIELDS.includes(name))
      throw new RestanteError('QUERY_INVALID', `the parameter ${quote(name)} is not known: there are ${FIELDS.join(', ')}`);
  }
}

function checked({
  mailbox,
  after,
  last,
  catchUp,
}: {
  mailbox: readonly unknown[];
  after: unknown;
  last: unknown;
  catchUp: unknown;
}): Wanted {
  const invalid = (name: string, why: string): RestanteError => new RestanteError('QUERY_INVALID', `the parameter "${name}" is ${why}`);
  if (mailbox.length === 0 || !mailbox.every((one) => typeof one === 'string'))
    throw invalid('mailbox', 'missing: it names what to follow');
  if (mailbox.length > LIMITS.subscriptionsMax) {
    throw new RestanteError('SUBSCRIPTIONS_TOO_MANY', `a stream follows at most ${LIMITS.subscriptionsMax} patterns`);
  }
  if (after !== undefined && typeof after !== 'string') throw invalid('after', 'no text');
  if (last !== undefined && !(Number.isInteger(last) && Number(last) >= 1 && Number(last) <= LIMITS.pageMessagesMax)) {
    throw invalid('last', `not a whole number from 1 to ${LIMITS.pageMessagesMax}`);
  }
  if (catchUp !== undefined && catchUp !== 'every' && catchUp !== 'latest') throw invalid('catchUp', 'neither every nor latest');
  return { mailboxes: mailbox, after, last: last as number | undefined, catchUp };
}
