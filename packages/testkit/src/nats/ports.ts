import { createServer } from 'node:net';

/**
 * Ports for servers that are killed and started again on the port they had. They lie below those that the kernel gives to outgoing
 * connections: a client that calls a dead server's port again and again would one day be given that very port, connect to itself and keep it.
 */

const FIRST = 10_000;
const LAST = 31_999;

/** Not given out twice by this process, whose servers may be dead for a while. */
const given = new Set<number>();

export async function takePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

export function returnPorts(ports: readonly number[]): void {
  for (const port of ports) given.delete(port);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
