import { randomBytes } from 'node:crypto';
import { type Bus, type Log, type LogPage, subjects } from '@restante/backend';
import { DELIVERY, Edge, encode, type PageAnswer, type PageRequest } from '@restante/delivery';
import type { Logger, Metrics } from '@restante/runtime';

/**
 * What the pure `Edge` of delivery needs around it: the bus, the logs, the clock and the event loop. Owns their timers.
 */
export interface Deliverer {
  readonly edge: Edge;
  close(): void;
}

/** Of the link's times the shortest is 40 ms; a tick costs a microsecond when there is nothing to do. */
const TICK_MS = 20;

export interface DelivererOptions {
  readonly region: string;
  readonly ringBytes: number;
  readonly heartbeatMs: number;
  readonly bus: Bus;
  readonly logs: ReadonlyMap<string, Log>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function startDeliverer({ region, ringBytes, heartbeatMs, bus, logs, logger, metrics }: DelivererOptions): Deliverer {
  const id = randomBytes(12).toString('hex');
  const logNamed = (name: string): Log => {
    const log = logs.get(name);
    if (log === undefined) throw new Error(`no log ${name} was opened`);
    return log;
  };
  const logReads = metrics.counter('restante_log_reads_total', 'Pages that neither this edge nor a router had in memory.', ['log']);
  const readLog = async (name: string, request: PageRequest): Promise<PageAnswer | 'failed'> => {
    logReads.inc({ log: name });
    const { patterns, mode, epoch, after } = request;
    try {
      const limits = { limit: DELIVERY.pageEntries, bytes: DELIVERY.pageBytes };
      return answerOf(await logNamed(name).read({ patterns, mode, after: { epoch, seq: after }, ...limits }));
    } catch (err) {
      logger.warn({ err, log: name }, 'the log could not be read; trying again');
      return 'failed';
    }
  };
  const edge = new Edge({
    edge: id,
    logs: [...logs.keys()],
    ringBytes,
    now: () => Math.floor(performance.now()),
    effects: {
      attach: (message) => bus.publish(subjects.router(region, message.log), encode(message)),
      toInstance: (instance, message) => bus.publish(subjects.instance(region, instance), encode(message)),
      readLog: (name, ticket, request) => void readLog(name, request).then((page) => edge.fromLog(name, ticket, page)),
      askState: (name) => {
        void logNamed(name)
          .state()
          .then(
            (extent) => edge.onState(name, extent),
            (err: unknown) => {
              logger.warn({ err, log: name }, 'the log did not tell its state; trying again');
              edge.onState(name, undefined);
            },
          );
      },
      // All that arrives before the event loop comes round is one write per connection.
      passSoon: (name) => void setImmediate(() => edge.pass(name)),
    },
  });
  const unsubscribe = bus.subscribe(subjects.edge(region, id), (payload) => edge.onMessage(payload));
  const ticking = setInterval(() => edge.tick(), TICK_MS);
  const positions = setInterval(() => edge.positions(), heartbeatMs);
  return {
    edge,
    close() {
      clearInterval(ticking);
      clearInterval(positions);
      unsubscribe();
    },
  };
}

function answerOf({ epochs, start, next, head, complete, reason, entries }: LogPage): PageAnswer {
  const page = { epochs, start, next, head, complete, entries };
  return reason === undefined ? page : { ...page, reason };
}
