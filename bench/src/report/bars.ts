import type { RunSamples } from '../run.js';
import { ratios, type Spread } from './statistics.js';

/** The promises that a run keeps or breaks. Each is a ratio within the run, judged by its median. */

export interface Bar {
  readonly promise: string;
  readonly ratio: Spread;
  readonly held: boolean;
}

const BARS = { singleToBareMax: 1.4, singleToSocketIoMax: 1, tenToSingleMax: 0.25, publishToFastifyMin: 0.5 } as const;

/** Only the bars whose contestants ran. */
export function judge({ fanout, publish }: RunSamples): Bar[] {
  const bars: Bar[] = [];
  const atMost = (promise: string, max: number, ratio: Spread) => bars.push({ promise, ratio, held: ratio.median <= max });
  const single = (name: string) => fanout?.[name]?.map((sample) => sample.single.totalUs);
  const own = single('restante');
  const bare = single('bare');
  const socketIo = single('socket.io');
  if (own && bare) {
    atMost(`1 a tick: CPU at most ${BARS.singleToBareMax} × the bare loop`, BARS.singleToBareMax, ratios(own, bare));
  }
  if (own && socketIo) atMost('1 a tick: CPU below Socket.IO', BARS.singleToSocketIoMax, ratios(own, socketIo));
  if (own) {
    const ten = fanout?.['restante']?.map((sample) => sample.ten.totalUs) ?? [];
    atMost(`10 a tick: CPU per message at most ${BARS.tenToSingleMax} × that at 1 a tick`, BARS.tenToSingleMax, ratios(ten, own));
  }
  const publishes = publish?.['restante']?.map((sample) => sample.perSecond);
  const routes = publish?.['fastify']?.map((sample) => sample.perSecond);
  if (publishes && routes) {
    const ratio = ratios(publishes, routes);
    const promise = `goal: publishes per second at least ${BARS.publishToFastifyMin} × a bare fastify route`;
    bars.push({ promise, ratio, held: ratio.median >= BARS.publishToFastifyMin });
  }
  return bars;
}
