import { randomUUID } from 'node:crypto';
import { type Bus, type Lease, type Log, subjects } from '@restante/backend';
import { type Beat, type Beats, DELIVERY, decode, encode, type ToEdge, type ToRouter } from '@restante/delivery';
import type { Health, Logger, Metrics, Part } from '@restante/runtime';
import { startServedLog, type ServedLog } from './served-log.js';

/**
 * A router: tails every log, and serves those whose lease it has to the edges (DESIGN section 5). Routers are caches: one that
 * dies delays messages and loses none, and two that serve the same log do no harm (I6).
 */

export interface RouterConfig {
  readonly region: string;
  /** Per log. */
  readonly hotTailBytes: number;
  /** Ids of the logs whose newest entries per mailbox are kept in memory. */
  readonly snapshots: ReadonlySet<string>;
}

export interface RouterDeps {
  readonly bus: Bus;
  readonly lease: Lease;
  /** By id. The router uses them and does not close them. */
  readonly logs: ReadonlyMap<string, Log>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
}

export async function startRouter(config: RouterConfig, deps: RouterDeps): Promise<Part> {
  const { region } = config;
  const { bus, logs, metrics, health } = deps;
  const instance = randomUUID();
  const send = (edge: string, message: ToEdge): void => bus.publish(subjects.edge(region, edge), encode(message));
  const served = new Map<string, ServedLog>();
  const closeAll = async (): Promise<void> => void (await Promise.all([...served.values()].map((log) => log.close())));
  try {
    for (const log of logs.values()) served.set(log.name, await startServedLog(config, deps, { log, instance, send }));
  } catch (error) {
    await closeAll();
    throw error;
  }

  const receive = (payload: Uint8Array): void => {
    const message = decode(payload) as ToRouter | undefined;
    if (message === undefined) return;
    const log = served.get(message.log);
    if (message.type === 'attach') log?.onAttach(message);
    else if (message.type === 'commands') log?.onCommands(message);
    else if (message.type === 'read')
      send(message.edge, {
        type: 'answer',
        version: message.version,
        log: message.log,
        id: message.id,
        page: log?.onRead(message) ?? 'miss',
      });
  };
  const subscriptions = [...served.keys()].map((log) => bus.subscribe(subjects.router(region, log), receive));
  subscriptions.push(bus.subscribe(subjects.instance(region, instance), receive));
  const beating = setInterval(() => sendBeats(served.values(), send), DELIVERY.beatMs);
  addGauges(metrics, served);
  const forgetCheck = health.add('router', () => {
    const silent = [...served.values()].filter(({ isSilent }) => isSilent).map(({ name }) => name);
    return silent.length === 0 ? undefined : `the tail brings nothing of ${silent.join(', ')}`;
  });

  return {
    async close() {
      forgetCheck();
      clearInterval(beating);
      for (const unsubscribe of subscriptions) unsubscribe();
      await closeAll();
    },
  };
}

/** L9: one message to each edge, with the beats of all logs that it is served here. */
function sendBeats(served: Iterable<ServedLog>, send: (edge: string, message: ToEdge) => void): void {
  const byEdge = new Map<string, Beats & { readonly beats: Beat[] }>();
  for (const log of served) {
    for (const beat of log.beat()) {
      const message = byEdge.get(beat.edge);
      if (message === undefined) byEdge.set(beat.edge, { type: 'beats', version: beat.version, beats: [beat] });
      else message.beats.push(beat);
    }
  }
  for (const [edge, message] of byEdge) send(edge, message);
}

function addGauges(metrics: Metrics, served: ReadonlyMap<string, ServedLog>): void {
  const gauge = (name: `restante_${string}`, help: string, read: (log: ServedLog) => number): void => {
    metrics.gauge(name, help, ['log'], (g) => {
      for (const [log, one] of served) g.set({ log }, read(one));
    });
  };
  gauge('restante_router_links', 'Edges that are served here.', (log) => log.links);
  gauge('restante_router_interests', 'Patterns that edges asked for.', (log) => log.interests);
  gauge('restante_router_hot_tail_bytes', 'Newest entries kept in memory.', (log) => log.hotTailBytes);
  gauge('restante_router_position', 'Up to which seq the log was read.', (log) => log.position);
  gauge('restante_router_serving', 'Whether this router has the lease.', (log) => (log.isServing ? 1 : 0));
}
