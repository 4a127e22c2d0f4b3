import type { OutgoingHttpHeaders } from 'node:http';
import { ANONYMOUS } from '@restante/auth';
import { bytesOf, type Context, parseJson } from '@restante/http';
import { LIMITS, quote, RestanteError } from '@restante/protocol';
import { type CatchUp, StreamQuery } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deliverer } from '../deliverer.js';
import { paced, retryAfterMs } from '../leaving.js';
import type { Sockets } from '../sockets.js';
import { admit, subscribe, type Wanted } from '../subscriptions.js';
import { EventStream } from './event-stream.js';
import { MANY_LOGS, ONE_LOG } from './stream-format.js';

/**
 * `GET /v1/stream` (and `POST`, for lists too long for an address): server-sent events of any number of patterns.
 * The response has no length and no chunks: it lasts until one side closes, for HTTP/1.0 proxies too, and its bytes can be shared.
 */

export class Streams {
  readonly #context: Context;
  readonly #deliverer: Deliverer;
  readonly #sockets: Sockets;
  readonly #open = new Set<EventStream>();
  readonly #keepingAlive: NodeJS.Timeout;
  #draining = false;

  constructor(context: Context, deliverer: Deliverer, sockets: Sockets, heartbeatMs: number) {
    this.#context = context;
    this.#deliverer = deliverer;
    this.#sockets = sockets;
    this.#keepingAlive = setInterval(() => {
      for (const stream of this.#open) stream.keepAlive();
    }, heartbeatMs);
  }

  addRoutes(app: FastifyInstance): void {
    const responses = { 200: { description: 'Server-sent events: messages, live, gap.', schema: {}, type: 'text/event-stream' } };
    const summary = 'Follow mailboxes as server-sent events.';
    app.get('/v1/stream', { config: { operation: { summary, query: StreamQuery, responses } } }, (request, reply) =>
      this.#begin(wantedByQuery(request.query), request, reply),
    );
    const body = { 'application/json': StreamQuery };
    const config = { operation: { summary, body, responses } };
    app.post('/v1/stream', { bodyLimit: BODY_BYTES_MAX, config }, (request, reply) => this.#begin(wantedByBody(request), request, reply));
  }

  #begin(wanted: Wanted, request: FastifyRequest, reply: FastifyReply): void {
    if (this.#draining) throw new RestanteError('DRAINING', 'this server is leaving', { retryAfterMs: retryAfterMs(1_000) });
    const resumed = request.headers['last-event-id'];
    const after = typeof resumed === 'string' && resumed !== '' ? resumed : wanted.after;
    // A browser that comes back repeats its address; where it is by now counts more than where it began.
    const { last, ...rest } = wanted;
    const admitted = admit(this.#context, ANONYMOUS, resumed === undefined || resumed === '' ? wanted : { ...rest, after });

    const { socket } = request.raw;
    const stream = new EventStream(socket, admitted.logs.size === 1 ? ONE_LOG : MANY_LOGS, this.#deliverer, this.#sockets);
    this.#open.add(stream);
    this.#sockets.add('sse', socket);
    socket.once('close', () => {
      this.#open.delete(stream);
      stream.close();
    });
    sendHead(reply, this.#context.admission.isPublic([...admitted.logs.keys()]));
    subscribe(this.#context, admitted, () => stream.isClosed, (from) =>
      this.#deliverer.edge.subscribe(stream.connection, { ...admitted, after: from }),
    ).catch(() => stream.drain(retryAfterMs(1_000)));
  }

  async drain(ms: number): Promise<void> {
    this.#draining = true;
    await paced([...this.#open], ms, (stream) => stream.drain(retryAfterMs(ms)));
  }

  close(): void {
    clearInterval(this.#keepingAlive);
    for (const stream of this.#open) stream.drain(retryAfterMs(1_000));
  }
}

/** From here on the socket is ours: bytes go to it as they are. */
function sendHead(reply: FastifyReply, isPublic: boolean): void {
  if (isPublic && !reply.hasHeader('access-control-allow-origin')) reply.header('access-control-allow-origin', '*');
  // Set by hooks, CORS among them, and not written by a reply that is hijacked.
  const headers = reply.getHeaders() as OutgoingHttpHeaders;
  reply.hijack();
  const { raw } = reply;
  raw.useChunkedEncodingByDefault = false;
  raw.shouldKeepAlive = false;
  raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  raw.socket?.setNoDelay(true);
  raw.socket?.setTimeout(0);
}

/** A thousand patterns of full length, in JSON. */
const BODY_BYTES_MAX = 512 * 1024;

const FIELDS = Object.keys(StreamQuery.properties);

function wantedByQuery(query: unknown): Wanted {
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

function wantedByBody(request: FastifyRequest): Wanted {
  const body = parseJson(bytesOf(request).toString());
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new RestanteError('BODY_INVALID', 'the body is a JSON object');
  refuseUnknown(body);
  const { mailbox, after, last, catchUp } = body as Readonly<Record<string, unknown>>;
  return checked({ mailbox: [mailbox ?? []].flat(), after, last, catchUp });
}

function refuseUnknown(given: object): void {
  for (const name in given) {
    if (!FIELDS.includes(name)) throw new RestanteError('QUERY_INVALID', `the parameter ${quote(name)} is not known: there are ${FIELDS.join(', ')}`);
  }
}

function checked({ mailbox, after, last, catchUp }: { mailbox: readonly unknown[]; after: unknown; last: unknown; catchUp: unknown }): Wanted {
  const invalid = (name: string, why: string): RestanteError => new RestanteError('QUERY_INVALID', `the parameter "${name}" is ${why}`);
  if (mailbox.length === 0 || !mailbox.every((one) => typeof one === 'string')) throw invalid('mailbox', 'missing: it names what to follow');
  if (mailbox.length > LIMITS.subscriptionsMax) {
    throw new RestanteError('SUBSCRIPTIONS_TOO_MANY', `a stream follows at most ${LIMITS.subscriptionsMax} patterns`);
  }
  if (after !== undefined && typeof after !== 'string') throw invalid('after', 'no text');
  if (last !== undefined && !(Number.isInteger(last) && Number(last) >= 1 && Number(last) <= LIMITS.pageMessagesMax)) {
    throw invalid('last', `not a whole number from 1 to ${LIMITS.pageMessagesMax}`);
  }
  if (catchUp !== undefined && catchUp !== 'every' && catchUp !== 'latest') throw invalid('catchUp', 'neither every nor latest');
  return { mailboxes: mailbox as readonly string[], after, last: last as number | undefined, catchUp: catchUp as CatchUp | undefined };
}
