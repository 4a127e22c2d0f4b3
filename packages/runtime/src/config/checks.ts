import type { Config } from './config.js';
import { formatQuantity } from './quantity.js';
import type { Fault } from './read.js';

/**
 * What the type of a single setting cannot say: relations between settings, and what this build cannot do yet.
 * A value that is faulty already may be of another type here: no comparison with it holds, so it is not reported twice.
 */
export function* checkConfig(config: Config): Iterable<Fault> {
  yield* checkAddresses(config);
  yield* checkSizes(config);
  for (const [name, { read, publish, history }] of config.namespaces) {
    if (name === 'meta') yield { path: ['namespaces', name], text: 'is reserved: names under /meta belong to the protocol' };
    for (const [key, access] of [
      ['read', read],
      ['publish', publish],
    ] as const) {
      if (access !== 'token' && access !== 'key' && access !== 'owner') continue;
      yield {
        path: ['namespaces', name, key],
        text: `asks for a ${access === 'key' ? 'key' : 'token'}, which this build cannot check; it has public and nobody`,
      };
    }
    if (history.bytes < config.messageBytesMax) {
      yield {
        path: ['namespaces', name, 'history', 'bytes'],
        text: `must hold at least one message of ${bytes(config.messageBytesMax)} (messageBytesMax)`,
      };
    }
  }
}

function* checkAddresses({ host, port, adminPort, open }: Config): Iterable<Fault> {
  if (open && !isLoopback(host)) {
    yield {
      path: ['host'],
      text: 'can be reached from other machines, which needs a policy: configure namespaces in the file, or listen on 127.0.0.1',
    };
  }
  if (adminPort !== undefined && adminPort !== 0 && adminPort === port) yield { path: ['adminPort'], text: 'must differ from port' };
}

function* checkSizes({ messageBytesMax, ringBytes, hotTailBytes }: Config): Iterable<Fault> {
  // A message that does not fit would be evicted before anybody could have been given it from there.
  if (ringBytes < 2 * messageBytesMax)
    yield { path: ['ringBytes'], text: `must be at least twice messageBytesMax (${bytes(messageBytesMax)})` };
  if (hotTailBytes < ringBytes)
    yield { path: ['hotTailBytes'], text: `must be at least ringBytes (${bytes(ringBytes)}): the router mends what the edge's ring lacks` };
}

function bytes(value: number): string {
  return formatQuantity('bytes', value);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
