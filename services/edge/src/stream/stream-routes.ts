import type { OutgoingHttpHeaders } from 'node:http';
import { ANONYMOUS } from '@restante/auth';
import type { Context } from '@restante/http';
import { RestanteError } from '@restante/protocol';
import { StreamQuery } from '@restante/protocol/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deliverer } from '../deliverer.js';
import { paced, retryAfterMs } from '../leaving.js';
import type { Sockets } from '../sockets.js';
import { admit, subscribe, type Wanted } from '../subscriptions.js';
import { EventStream } from './event-stream.js';
import { MANY_LOGS, ONE_LOG } from './stream-format.js';
import { BODY_BYTES_MAX, wantedByBody, wantedByQuery } from './stream-query.js';

/**
 * `GET /v1/stream` (and `POST`, for lists too long for an address): server-sent events of any number of patterns.
 * The response has no length and no chunks: it lasts until one side closes, for HTTP/1.0 proxies too, and its bytes can be shared.
 */

export class Streams {
  readonly #context: Context;
  readonly #deliverer: Deliverer;
  readonly #sockets: Sockets;
  readonly #onFault: (error: unknown) => void;
  readonly #open = new Set<EventStream>();
  readonly #keepingAlive: NodeJS.Timeout;
  #draining = false;

  constructor(context: Context, deliverer: Deliverer, sockets: Sockets, heartbeatMs: number, onFault: (error: unknown) => void) {
    this.#context = context;
    this.#deliverer = deliverer;
    this.#sockets = sockets;
    this.#onFault = onFault;
    this.#keepingAlive = setInterval(() => {
      for (const stream of this.#open) stream.keepAlive();
    }, heartbeatMs);
  }

  addRoutes(app: FastifyInstance): void {
    const responses = { 200: { description: 'Server-sent events: messages, live, gap.', schema: {}, type: 'text/event-stream' } };
    const summary = 'Follow mailboxes as server-sent events.';
    app.get('/v1/stream', { exposeHeadRoute: false, config: { operation: { summary, query: StreamQuery, responses } } }, (request, reply) =>
      this.#begin(wantedByQuery(request.query), request, reply),
    );
    const body = { 'application/json': StreamQuery };
    const config = { operation: { summary, body, responses } };
    app.post('/v1/stream', { bodyLimit: BODY_BYTES_MAX, config }, (request, reply) => this.#begin(wantedByBody(request), request, reply));
  }

  #begin(wanted: Wanted, request: FastifyRequest, reply: FastifyReply): void {
    if (this.#draining) throw new RestanteError('DRAINING', 'this server is leaving', { retryAfterMs: retryAfterMs(1_000) });
    const admitted = admit(this.#context, ANONYMOUS, resumed(wanted, request.headers['last-event-id']));

    // Behind another answer on its connection the head would wait, and the events would not.
    if (reply.raw.socket === null) throw new RestanteError('REQUEST_INVALID', 'a stream is the only request on its connection');
    const { socket } = request.raw;
    const stream = new EventStream(socket, admitted.logs.size === 1 ? ONE_LOG : MANY_LOGS, this.#deliverer, this.#sockets);
    this.#open.add(stream);
    socket.once('close', () => {
      this.#open.delete(stream);
      stream.close();
    });
    sendHead(reply);
    subscribe(
      this.#context,
      admitted,
      () => stream.isClosed,
      (from) => this.#deliverer.edge.subscribe(stream.connection, { ...admitted, after: from }),
    ).catch((error: unknown) => {
      this.#onFault(error);
      stream.drain(retryAfterMs(1_000));
    });
  }

  async drain(ms: number): Promise<void> {
    this.#draining = true;
    await paced(this.#open, ms, (stream) => stream.drain(retryAfterMs(ms)));
  }

  close(): void {
    clearInterval(this.#keepingAlive);
    for (const stream of this.#open) stream.drain(retryAfterMs(1_000));
  }
}

/** A browser that comes back repeats its address; where it is by now counts more than where it began. */
function resumed(wanted: Wanted, lastEventId: string | readonly string[] | undefined): Wanted {
  if (typeof lastEventId !== 'string' || lastEventId === '') return wanted;
  return { mailboxes: wanted.mailboxes, catchUp: wanted.catchUp, after: lastEventId };
}

/** From here on the socket is ours: bytes go to it as they are. */
function sendHead(reply: FastifyReply): void {
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
