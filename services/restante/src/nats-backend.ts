import type { NatsBackendOptions, NatsEvent } from '@restante/backend/nats';
import type { Config, Logger, NatsTarget } from '@restante/runtime';

/** A backend on NATS as the configuration has it, and what it tells while it runs as lines of the log. */

export function natsOptions(
  { servers, login, tls, replicas }: NatsTarget,
  { region, messageBytesMax }: Pick<Config, 'region' | 'messageBytesMax'>,
  name: string,
  logger?: Logger,
): NatsBackendOptions {
  return {
    servers,
    ...(login === undefined ? {} : { credentials: login }),
    ...(tls === undefined ? {} : { tls }),
    region,
    name,
    messageBytesMax,
    ...(replicas === undefined ? {} : { replicas }),
    ...(logger === undefined ? {} : { onEvent: (event: NatsEvent) => tell(logger, event) }),
  };
}

/** One entry for every kind of event, so that a new one cannot be forgotten. */
const SAID: { readonly [T in NatsEvent['type']]: readonly [level: 'info' | 'warn' | 'error', text: string] } = {
  disconnected: ['warn', 'the connection to NATS is gone; trying again'],
  reconnected: ['info', 'connected to NATS again'],
  'server-leaving': ['info', 'the NATS server is about to stop'],
  refused: ['error', 'NATS refuses the credentials; trying again'],
  denied: ['error', 'the permissions of this user on NATS do not allow what is needed'],
  'slow-consumer': ['warn', 'this process read too slowly, and the NATS server closed the connection'],
  'server-error': ['error', 'the NATS server reported an error'],
  'bus-dropped': ['warn', 'messages between edges and routers were dropped; they are mended from the log'],
  'leases-created': ['warn', 'the bucket of leases was not there, and was made'],
  forked: ['error', 'history was lost or is another one: what lay beyond this is gone, and its readers are told'],
  'limits-changed': ['warn', 'the stream had other limits than this configuration, and has these now'],
};

function tell(logger: Logger, { type, ...fields }: NatsEvent): void {
  const [level, text] = SAID[type];
  logger[level](fields, text);
}
