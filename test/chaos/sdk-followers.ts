import { type CatchUp, type Client, connect, type TransportName } from '@restante/client';
import { type Position, parseCursor, sharedUpTo } from '@restante/protocol';
import type { RestanteProcess, Scene } from '@restante/testkit';
import { WebSocket } from 'ws';

/** Readers by the SDK, over each transport, who know all edges: part of a scene, and judged with it. To them there is one connection, whatever became of it. */

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll'];
const PATTERNS = ['/news/m0', '/rest/*', '/**'] as const;

export function followBySdk(scene: Scene, edges: readonly RestanteProcess[]): { close(): Promise<void> } {
  const clients = TRANSPORTS.map((transport, i) => {
    const urls = edges.map((_, j) => edges[(i + j) % edges.length]?.url ?? '');
    const client = connect(urls, { webSocket: WebSocket, transports: [transport] });
    for (const pattern of PATTERNS) for (const catchUp of ['every', 'latest'] as const) join(scene, client, transport, pattern, catchUp);
    return client;
  });
  return { close: async () => void (await Promise.all(clients.map((client) => client.close()))) };
}

function join(scene: Scene, client: Client, transport: TransportName, pattern: string, catchUp: CatchUp): void {
  const name = `SDK by ${transport} ${pattern} ${catchUp}`;
  const record = scene.recorder.reader(name, [pattern], catchUp);
  record.connected('earliest');
  const subscription = client.subscribe(pattern, { after: 'earliest', catchUp });
  const reached = new Map<string, Position>();
  subscription.on('gap', ({ cursor, reason }) => record.gap(cursor, reason));
  const reading = (async () => {
    for await (const message of subscription) {
      record.message(message);
      for (const [log, position] of parseCursor(message.cursor)) reached.set(log, position);
    }
  })();
  scene.join({
    name,
    pattern,
    record,
    client: {
      seqIn: (log, epochs) => {
        const { epoch, seq } = reached.get(log) ?? { epoch: '', seq: 0 };
        return epochs === undefined || seq <= (sharedUpTo(epochs, epoch) ?? 0) ? seq : 0;
      },
      stop: async () => {
        subscription.close();
        await reading;
      },
    },
  });
}
