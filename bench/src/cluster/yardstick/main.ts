import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { payloadText } from '../../load/payload.js';
import { serve } from '../../processes/serve.js';
import { nowUs } from '../load/clock.js';
import type { Flooded } from '../load/commands.js';
import type { YardstickCommands, YardstickResults } from './commands.js';

/** The yardstick: what the bare NATS client gets from JetStream, with the same bytes and as many under way. */

const PROBE_EVERY_MS = 20;
/** An unanswered probe is sent again after this; shorter than any election. */
const PROBE_TIMEOUT_MS = 250;

let connection: NatsConnection | undefined;
let probe: { isWanted: boolean; onAck: (sentUs: number) => void } | undefined;

function connected(): NatsConnection {
  if (connection === undefined) throw new Error('it connects first');
  return connection;
}

async function flood({ prefix, mailboxes, lanes, batch, seconds, messages, ids }: YardstickCommands['flood']): Promise<Flooded> {
  const js = jetstream(connected());
  const startedAt = performance.now();
  const endsAt = startedAt + (seconds ?? Number.POSITIVE_INFINITY) * 1_000;
  const most = messages ?? Number.POSITIVE_INFINITY;
  const name = `${process.pid} ${startedAt}`;
  let sent = 0;
  let published = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endsAt && sent < most) {
      const timeUs = nowUs();
      const size = Math.min(batch, most - sent);
      const first = sent;
      sent += size;
      const acknowledged = Array.from({ length: size }, (_, nth) => {
        const number = first + nth;
        const options = ids ? { msgID: `${name} ${number}` } : {};
        return js.publish(`${prefix}.${number % mailboxes}`, `"${payloadText(number, timeUs)}"`, options);
      });
      await Promise.all(acknowledged);
      published += size;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { published, elapsedMs: performance.now() - startedAt };
}

/** @param running whose `isWanted` ends it */
async function publishProbes(subject: string, running: NonNullable<typeof probe>): Promise<void> {
  const js = jetstream(connected());
  for (let number = 0; running.isWanted; number += 1) {
    const sentUs = nowUs();
    const options = { msgID: `probe ${process.pid} ${sentUs}`, timeout: PROBE_TIMEOUT_MS, retries: 1 };
    for (let isStored = false; !isStored && running.isWanted; ) {
      try {
        await js.publish(subject, `"${payloadText(number, sentUs)}"`, options);
        isStored = true;
        running.onAck(sentUs);
      } catch {
        await sleep(PROBE_EVERY_MS);
      }
    }
    await sleep(PROBE_EVERY_MS);
  }
}

serve<YardstickCommands, YardstickResults>({
  async connect({ urls }) {
    connection = await connect({ servers: [...urls], maxReconnectAttempts: -1, reconnectTimeWait: PROBE_EVERY_MS, reconnectJitter: 0 });
    return {};
  },
  flood,
  probe({ subject }) {
    const running = { isWanted: true, onAck: (): void => undefined };
    probe = running;
    void publishProbes(subject, running);
    return {};
  },
  async probed({ sinceUs }) {
    const running = probe;
    if (running === undefined) throw new Error('there is no probe');
    const ackedUs = await new Promise<number>((resolve) => {
      running.onAck = (sentUs) => {
        if (sentUs >= sinceUs) resolve(nowUs());
      };
    });
    running.isWanted = false;
    return { afterMs: (ackedUs - sinceUs) / 1_000 };
  },
});
