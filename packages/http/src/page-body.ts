import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { formatCursor, messageJson } from '@restante/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PageRead } from './pages.js';
import { sendJson, vary } from './request.js';

/** A page as bytes, made once for however many requests share it, and how it is sent: cached, compressed, or not. */

const gzip = promisify(gzipCallback);

/** Smaller bodies fit into one packet anyway. */
const GZIP_BYTES_MIN = 1_024;

/** What everybody may read and what cannot grow is worth keeping, but a purge must be seen soon. */
const CLOSED_PAGE = 'public, max-age=10';

export class PageBody {
  readonly bytes: Buffer;
  readonly closed: boolean;
  #gzipped: Promise<Buffer> | undefined;
  #hash: string | undefined;

  constructor(page: PageRead) {
    const reason = page.reason === undefined ? '' : `,"reason":"${page.reason}"`;
    const end = `"next":"${formatCursor(page.next)}","complete":${page.complete}${reason}`;
    const messages = page.entries.map(({ log, epoch, entry }) => messageJson(log, epoch, entry));
    this.bytes = Buffer.from(`{"messages":[${messages.join(',')}],${end}}`);
    this.closed = page.closed;
  }

  gzipped(): Promise<Buffer> {
    this.#gzipped ??= gzip(this.bytes);
    return this.#gzipped;
  }

  /** Of the very bytes: a purge leaves a message out and retention moves the floor, so either changes it, with no count to keep. */
  get hash(): string {
    this.#hash ??= createHash('sha1').update(this.bytes).digest('base64url');
    return this.#hash;
  }
}

/** @param isPublic may everybody read it? Anything else must never lie in a shared cache (I9). */
export async function sendPage(request: FastifyRequest, reply: FastifyReply, body: PageBody, isPublic: boolean): Promise<FastifyReply> {
  vary(reply, 'Accept-Encoding');
  const compress = body.bytes.length >= GZIP_BYTES_MIN && acceptsGzip(request.headers['accept-encoding']);
  if (isPublic && body.closed) {
    // A strong tag names one sequence of bytes, so each encoding has its own.
    const tag = compress ? `"${body.hash}-gzip"` : `"${body.hash}"`;
    reply.header('cache-control', CLOSED_PAGE).header('etag', tag);
    if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send();
  } else {
    reply.header('cache-control', 'private, no-store');
  }
  if (!compress) return sendJson(reply, 200, body.bytes);
  return sendJson(reply.header('content-encoding', 'gzip'), 200, await body.gzipped());
}

function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((known) => known.trim() === '*' || known.trim().replace(/^W\//, '') === tag);
}

/** RFC 9110, 12.5.3, as far as it matters here: `gzip` or `*`, unless its weight is 0. */
function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  const weights = new Map(acceptEncoding.split(',').map((coding) => weightOf(coding)));
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}

function weightOf(coding: string): [string, number] {
  const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return [name, weight === undefined ? 1 : Number(weight.slice(2))];
}
