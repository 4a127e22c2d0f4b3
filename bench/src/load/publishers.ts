import { performance } from 'node:perf_hooks';
import type { LoadCommands, LoadResults } from './commands.js';
import { HttpConnection, postRequest } from './http-connection.js';
import { publisherPath } from './mailbox.js';
import { payloadText } from './payload.js';

/** Publishes single messages over keep-alive connections, each with one request under way, and counts the acknowledged ones. */
export function runPublishers({ port, publishers, seconds }: LoadCommands['publish']): Promise<LoadResults['publish']> {
  return new Promise((resolve, reject) => {
    const connections: HttpConnection[] = [];
    const startedAt = performance.now();
    let published = 0;
    let idle = 0;
    let stopping = false;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      for (const connection of connections) connection.close();
      settle();
    };
    // Lets requests under way finish, so that every one the server worked on is counted.
    const timer = setTimeout(() => {
      stopping = true;
    }, seconds * 1_000);
    for (let i = 0; i < publishers; i++) {
      const request = postRequest(port, publisherPath(i), JSON.stringify(payloadText(i, 0)));
      const connection = new HttpConnection(port, {
        answer: () => {
          published++;
          if (!stopping) return connection.send(request);
          idle++;
          if (idle === publishers) end(() => resolve({ published, elapsedMs: performance.now() - startedAt }));
        },
        fault: (reason) => end(() => reject(new Error(reason))),
      });
      connections.push(connection);
      connection.send(request);
    }
  });
}
