import type { IncomingMessage } from 'node:http';
import { type ErrorCode, RestanteError } from '@restante/protocol';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a body over this route's limit is called; otherwise `MESSAGE_TOO_LARGE`. */
    readonly tooLarge?: ErrorCode;
  }
}

/**
 * Reads request bodies as the bytes they are: fastify's own parsers would coerce, drop and forbid. Bounded twice (I7): each body by
 * its route's limit, and all that are under way by one for the process, or slow senders in numbers could fill it.
 */
export class RequestBodies {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A content-type parser. What comes after an error is left unread. */
  readonly read = (request: FastifyRequest, payload: IncomingMessage, done: (error: Error | null, body?: Buffer) => void): void => {
    const { bodyLimit } = request.routeOptions;
    if (Number(request.headers['content-length']) > bodyLimit) {
      done(tooLarge(request));
      return;
    }
    const chunks: Buffer[] = [];
    let received = 0;

    const finish = (error: Error | null, body?: Buffer): void => {
      payload.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      this.#bytes -= received;
      done(error, body);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      this.#bytes += chunk.length;
      chunks.push(chunk);
      if (received > bodyLimit) finish(tooLarge(request));
      else if (this.#bytes > this.#bytesMax) finish(new RestanteError('OVERLOADED', 'too many bodies are being received'));
    };
    // A copy, even of one chunk: that is a piece of what the socket read, and a message kept would keep all of it.
    const onEnd = (): void => finish(null, Buffer.concat(chunks, received));
    const onError = (cause: Error): void => finish(new RestanteError('REQUEST_INVALID', 'the body did not come to its end', { cause }));
    const onClose = (): void => finish(new RestanteError('REQUEST_INVALID', 'the body did not come to its end'));
    payload.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  };
}

function tooLarge({ routeOptions: { config, bodyLimit } }: FastifyRequest): RestanteError {
  return new RestanteError(config.tooLarge ?? 'MESSAGE_TOO_LARGE', `the body has more than ${bodyLimit} bytes`);
}
