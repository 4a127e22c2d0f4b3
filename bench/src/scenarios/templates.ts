import { messageJson } from '@restante/protocol';
import { type Contestant, RESTANTE } from '../contestants/contestants.js';
import { MAILBOX } from '../load/mailbox.js';
import { DATA_BYTES, markersIn, payloadText } from '../load/payload.js';
import { serverFrame } from '../load/websocket.js';
import { inArena } from './measure.js';

/** The bytes that the yardstick writes: our frames for one message and for ten. */

const SIZES = [1, 10] as const;

/** Far more than one reader needs. */
const DELIVERY_MS_MAX = 10_000;

/** Taken from our server itself where it runs, so that both write the same; else composed from the protocol. */
export function templatesFor(contestants: readonly Contestant[], pinned: boolean): Promise<Buffer[]> {
  return contestants.includes(RESTANTE) ? recordTemplates(pinned) : Promise.resolve(SIZES.map(composeTemplate));
}

function recordTemplates(pinned: boolean): Promise<Buffer[]> {
  return inArena(RESTANTE, { pinned, templates: [] }, async ({ server, load }) => {
    await load.run('connect', { port: server.port, wire: 'restante', readers: 1, deliveryMsMax: DELIVERY_MS_MAX });
    const templates: Buffer[] = [];
    for (const messagesPerTick of SIZES) {
      const { lastTick } = await load.run('ticks', { ticks: 1, messagesPerTick });
      const template = Buffer.from(lastTick, 'base64');
      const messages = markersIn(template).length;
      if (messages !== messagesPerTick) throw new Error(`a tick of ${messagesPerTick} came as ${messages} messages`);
      templates.push(template);
    }
    return templates;
  });
}

function composeTemplate(messages: number): Buffer {
  const data = Buffer.from(JSON.stringify(payloadText(0, 0)));
  if (data.length !== DATA_BYTES) throw new Error(`a payload has ${data.length} bytes instead of ${DATA_BYTES}`);
  const entry = { seq: 1_000, time: 1_700_000_000_000, mailbox: MAILBOX, kind: 'data', id: 'x'.repeat(22), data } as const;
  const json = Array.from({ length: messages }, () => messageJson('_', 'bench000', entry)).join(',');
  return serverFrame(`{"type":"messages","cursor":"_.bench000.1000","messages":[${json}]}`);
}
