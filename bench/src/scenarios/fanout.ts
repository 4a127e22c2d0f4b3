import type { Contestant } from '../contestants/contestants.js';
import type { WireName } from '../load/wires.js';
import { residentBytes, untilIdle } from '../processes/accounting.js';
import type { Load } from '../processes/load.js';
import type { RunningServer, ServerOptions } from '../processes/server.js';
import { inArena, serverCpu } from './measure.js';

/** Many WebSocket readers of one mailbox: memory of idle connections, CPU per delivered message alone and ten a tick. */

export interface FanoutSize {
  readonly readers: number;
  /** Ticks of one message, and ticks of ten, that are measured. */
  readonly singleTicks: number;
  readonly tenTicks: number;
  /** What is not delivered by then was lost. */
  readonly deliveryMsMax: number;
}

interface CpuPerMessage {
  readonly userUs: number;
  readonly systemUs: number;
  readonly totalUs: number;
  readonly delivered: number;
  readonly elapsedMs: number;
  readonly otherFrames: number;
}

export interface FanoutSample {
  readonly bytesPerConnection: number;
  readonly single: CpuPerMessage;
  readonly ten: CpuPerMessage;
}

/** So many ticks let the compiler settle before anything is measured. */
const WARM_UP_TICKS = 20;

export function measureFanout(contestant: Contestant, size: FanoutSize, options: ServerOptions): Promise<FanoutSample> {
  return inArena(contestant, options, async ({ server, load }) => {
    await untilIdle(server.pid);
    const before = residentBytes(server.pid);
    const { readers, deliveryMsMax } = size;
    await load.run('connect', { port: server.port, wire: contestant.wire as WireName, readers, deliveryMsMax });
    await untilIdle(server.pid);
    const bytesPerConnection = (residentBytes(server.pid) - before) / readers;

    await load.run('ticks', { ticks: WARM_UP_TICKS, messagesPerTick: 1 });
    const single = await measureTicks(server, load, readers, size.singleTicks, 1);
    await load.run('ticks', { ticks: WARM_UP_TICKS / 4, messagesPerTick: 10 });
    const ten = await measureTicks(server, load, readers, size.tenTicks, 10);
    return { bytesPerConnection, single, ten };
  });
}

async function measureTicks(
  server: RunningServer,
  load: Load,
  readers: number,
  ticks: number,
  messagesPerTick: number,
): Promise<CpuPerMessage> {
  const { result, cpu } = await serverCpu(server, () => load.run('ticks', { ticks, messagesPerTick }));
  const { delivered, elapsedMs, otherFrames } = result;
  const expected = readers * ticks * messagesPerTick;
  if (delivered !== expected) throw new Error(`${delivered} messages were delivered instead of ${expected}`);
  const userUs = (cpu.userMs * 1_000) / delivered;
  const systemUs = (cpu.systemMs * 1_000) / delivered;
  return { userUs, systemUs, totalUs: userUs + systemUs, delivered, elapsedMs, otherFrames };
}
