import type { Contestant } from '../contestants/contestants.js';
import { type CpuTime, cpuSince, cpuTime, untilIdle } from '../processes/accounting.js';
import { type Load, startLoad } from '../processes/load.js';
import { type RunningServer, type ServerOptions, startServer } from '../processes/server.js';

/** One server and one load, fresh for every measurement, and the CPU that the server spends on a piece of work. */

export interface Arena {
  readonly server: RunningServer;
  readonly load: Load;
}

export async function inArena<T>(contestant: Contestant, options: ServerOptions, work: (arena: Arena) => Promise<T>): Promise<T> {
  const server = await startServer(contestant, options);
  const load = startLoad(options);
  try {
    return await work({ server, load });
  } catch (error) {
    throw new Error(`${contestant.name}: ${(error as Error).message}`, { cause: error });
  } finally {
    // The load first: a server that drains would wait for its clients.
    await load.stop();
    await server.stop();
  }
}

/** The whole work: from an idle server before the first publish to an idle server after the last delivery. */
export async function serverCpu<T>(server: RunningServer, work: () => Promise<T>): Promise<{ readonly result: T; readonly cpu: CpuTime }> {
  await untilIdle(server.pid);
  const start = cpuTime(server.pid);
  const result = await work();
  await untilIdle(server.pid);
  return { result, cpu: cpuSince(server.pid, start) };
}
