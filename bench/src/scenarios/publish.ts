import type { Contestant } from '../contestants/contestants.js';
import type { ServerOptions } from '../processes/server.js';
import { inArena, serverCpu } from './measure.js';

/** HTTP publishes of single messages without readers, as fast as the server acknowledges them. */

export interface PublishSize {
  readonly publishers: number;
  readonly seconds: number;
}

export interface PublishSample {
  readonly perSecond: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly totalUs: number;
  /** Share of its core that the server used: far below 1, something else was the limit (the disk, the load). */
  readonly coreShare: number;
}

/** Share of the measured time that goes before it unmeasured. */
const WARM_UP_SHARE = 0.5;

export function measurePublish(contestant: Contestant, size: PublishSize, options: ServerOptions): Promise<PublishSample> {
  return inArena(contestant, options, async ({ server, load }) => {
    await load.run('publish', { port: server.port, publishers: size.publishers, seconds: size.seconds * WARM_UP_SHARE });
    const { result, cpu } = await serverCpu(server, () => load.run('publish', { port: server.port, ...size }));
    const { published, elapsedMs } = result;
    const userUs = (cpu.userMs * 1_000) / published;
    const systemUs = (cpu.systemMs * 1_000) / published;
    return {
      perSecond: (published * 1_000) / elapsedMs,
      userUs,
      systemUs,
      totalUs: userUs + systemUs,
      coreShare: (cpu.userMs + cpu.systemMs) / elapsedMs,
    };
  });
}
