import type { Outlet, WireFormat } from '@restante/delivery';
import type { Waiting } from '@restante/http';
import { type Cursor, type Pattern, RestanteError } from '@restante/protocol';
import type { Deliverer } from './deliverer.js';

/**
 * Long polls over delivery: a wait is a reader that is interested in one thing only, that something came. The page itself is read
 * from the log by whoever waited, so it holds everything up to the head.
 */

const NEWS = new Uint8Array(1);
const NO_NEWS = new Uint8Array(0);

const FORMAT: WireFormat = { name: 'wait', batch: () => NEWS, position: () => NO_NEWS };

export function createWaiting({ edge }: Deliverer): Waiting {
  return {
    arrived: (logs, pattern, after, signal) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => {
          signal.removeEventListener('abort', onAbort);
          // Not from within delivery's own loops: they are at this very connection.
          queueMicrotask(() => edge.disconnect(connection));
          if (error === undefined) resolve();
          else reject(error);
        };
        const onAbort = (): void => settle(new RestanteError('REQUEST_TIMEOUT', 'nobody waits any more'));
        const connection = edge.connect(outletOf(settle));
        signal.addEventListener('abort', onAbort, { once: true });
        edge.subscribe(connection, { mode: 'every', after, patterns: [pattern], logs: patternsOf(logs, pattern) });
      }),
  };
}

function patternsOf(logs: readonly string[], pattern: Pattern): ReadonlyMap<string, readonly Pattern[]> {
  return new Map(logs.map((log) => [log, [pattern]]));
}

function outletOf(settle: (error?: Error) => void): Outlet {
  const news = (): void => settle();
  return {
    format: FORMAT,
    isFull: false,
    write(bytes) {
      if (bytes === NEWS) settle();
    },
    subscribed(_reader, _cursor: Cursor, gap) {
      if (gap !== undefined) settle();
    },
    page: news,
    gap: news,
    live: () => undefined,
    behind: () => undefined,
    refused: () => settle(new RestanteError('INTEREST_REFUSED', 'no router has room for this wait')),
  };
}
