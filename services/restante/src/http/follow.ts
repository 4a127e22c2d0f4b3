import { setTimeout as delay } from 'node:timers/promises';
import { isRetryable, Refused, Unreachable } from '../failure.js';
import { BACKOFF, type Backoff, backoffMs } from './retry.js';
import type { Server } from './server.js';
import { parseSse, type SseEvent } from './sse.js';

/**
 * Follows an event stream for as long as the signal lets it: reconnects with jitter and goes on after the last id it was given (I3).
 * Events between that id and the break come twice; whoever must not show them twice drops what it has shown.
 */

/** Longer than two of the server's heartbeats: without anything at all in this time, the connection is dead. */
const SILENCE_MS_MAX = 75_000;
/** Longer lists than this go in the body of a POST: proxies refuse long addresses. */
const QUERY_LENGTH_MAX = 4_000;

export interface FollowOptions {
  readonly patterns: readonly string[];
  /** `after` or `last`: where to begin. Not sent again once the server has given an id. */
  readonly start: Readonly<Record<string, string | number>>;
  readonly catchUp?: string;
  readonly signal: AbortSignal;
  readonly backoff?: Backoff;
  readonly silenceMsMax?: number;
  readonly onBreak: (error: Error, waitMs: number) => void;
  /** @param again not the first connection */
  readonly onOpen: (again: boolean) => void;
}

export async function* follow(server: Server, options: FollowOptions): AsyncIterable<SseEvent> {
  const { signal, onBreak, onOpen, backoff = BACKOFF } = options;
  let lastId: string | undefined;
  let retryMs: number | undefined;
  let failures = 0;
  for (let opened = 0; ; ) {
    try {
      for await (const event of connect(server, options, lastId, () => onOpen(opened++ > 0))) {
        failures = 0;
        lastId = event.id ?? lastId;
        retryMs = event.retryMs ?? retryMs;
        yield event;
      }
      throw new Unreachable(`${server.url} ended the stream`);
    } catch (error) {
      signal.throwIfAborted();
      // A server that was never there is told at once; one that went away is waited for.
      if (!isRetryable(error) || opened === 0) throw error;
      failures += 1;
      const asked = error instanceof Refused ? error.problem.retryAfterMs : undefined;
      const waitMs = backoffMs(failures, { ...backoff, firstMs: asked ?? retryMs ?? backoff.firstMs }, Math.random());
      onBreak(error as Error, waitMs);
      await delay(waitMs, undefined, { signal });
    }
  }
}

async function* connect(server: Server, options: FollowOptions, lastId: string | undefined, opened: () => void): AsyncIterable<SseEvent> {
  const silence = new AbortController();
  const signal = AbortSignal.any([options.signal, silence.signal]);
  const watch = setTimeout(() => silence.abort(), options.silenceMsMax ?? SILENCE_MS_MAX);
  try {
    const response = await open(server, options, lastId, signal);
    opened();
    for await (const event of parseSse(response.body as AsyncIterable<Uint8Array>)) {
      watch.refresh();
      if (event !== undefined) yield event;
    }
  } catch (error) {
    if (options.signal.aborted || error instanceof Refused || error instanceof Unreachable) throw error;
    throw new Unreachable(`${server.url} ${silence.signal.aborted ? 'fell silent' : 'broke off the stream'}`, { cause: error });
  } finally {
    clearTimeout(watch);
    // However this ended, also by a consumer that had enough: the connection goes.
    silence.abort();
  }
}

function open(
  server: Server,
  { patterns, start, catchUp }: FollowOptions,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const resume = lastId === undefined ? {} : { 'last-event-id': lastId };
  const headers = { accept: 'text/event-stream', ...resume };
  const settings: Record<string, string | number> = {
    ...(lastId === undefined ? start : {}),
    ...(catchUp === undefined ? {} : { catchUp }),
  };
  if (patterns.join().length > QUERY_LENGTH_MAX) {
    return server.call('/v1/stream', {
      method: 'POST',
      headers,
      body: { json: JSON.stringify({ mailbox: patterns, ...settings }) },
      signal,
    });
  }
  const query = [
    ...patterns.map((pattern) => ['mailbox', pattern] as const),
    ...Object.entries(settings).map(([key, value]) => [key, `${value}`] as const),
  ];
  return server.call('/v1/stream', { headers, query, signal });
}
