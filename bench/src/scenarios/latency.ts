import type { Contestant } from '../contestants/contestants.js';
import type { LoadResults } from '../load/commands.js';
import type { WireName } from '../load/wires.js';
import type { ServerOptions } from '../processes/server.js';
import { inArena } from './measure.js';

/**
 * From the moment a publish was due to the moment each reader has it, at a rate that leaves the server room. Half of the load's own
 * reading is in it, the same for all.
 */

export interface LatencySize {
  readonly readers: number;
  readonly messages: number;
  readonly perSecond: number;
  /** What is not delivered so long after the last publish was lost. */
  readonly deliveryMsMax: number;
}

export type LatencySample = LoadResults['openLoop'];

export function measureLatency(contestant: Contestant, size: LatencySize, options: ServerOptions): Promise<LatencySample> {
  return inArena(contestant, options, async ({ server, load }) => {
    const { readers, messages, perSecond, deliveryMsMax } = size;
    await load.run('connect', { port: server.port, wire: contestant.wire as WireName, readers, deliveryMsMax });
    await load.run('openLoop', { messages: perSecond, perSecond });
    return load.run('openLoop', { messages, perSecond });
  });
}
