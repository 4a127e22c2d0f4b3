import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { markersIn, TEXT_BYTES } from '../load/payload.js';
import { announce } from './announce.js';

/**
 * The yardstick: what Node itself charges for one `socket.write` of one shared, encoded buffer per reader. Shakes hands, then writes the
 * very bytes that it was given as templates, with the published data put in. Parses and stores nothing that it need not.
 */

export type WriteTo = (socket: Socket, frame: Buffer, reader: number) => void;

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: unchecked\r\n\r\n';
const PUBLISHED = 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}';

/** @param templates the bytes of one tick each, told apart by how many messages they hold */
export function startBareServer(templates: readonly Buffer[], writeTo: WriteTo): void {
  const templateOf = new Map(templates.map((template) => [markersIn(template).length, template]));
  const readers = new Set<Socket>();

  const publish = (body: string) => {
    const batch = JSON.parse(body) as { data: string }[];
    const template = templateOf.get(batch.length);
    if (template === undefined) throw new Error(`no template for ${batch.length} messages`);
    const frame = Buffer.from(template);
    markersIn(template).forEach((at, i) => void frame.write(batch[i]?.data ?? '', at, TEXT_BYTES, 'latin1'));
    let reader = 0;
    for (const socket of readers) writeTo(socket, frame, reader++);
  };

  const server = createServer({ noDelay: true }, (socket) => {
    let rest = '';
    socket.on('data', (chunk) => {
      if (readers.has(socket)) return;
      rest += chunk.toString('latin1');
      for (let headEnd = endOfHead(rest); headEnd !== -1; headEnd = endOfHead(rest)) {
        if (rest.startsWith('GET ')) {
          readers.add(socket);
          socket.write(UPGRADED);
          return;
        }
        const bodyEnd = headEnd + Number(/\r\ncontent-length: (\d+)/i.exec(rest)?.[1] ?? 0);
        if (rest.length < bodyEnd) return;
        publish(rest.slice(headEnd, bodyEnd));
        rest = rest.slice(bodyEnd);
        socket.write(PUBLISHED);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => readers.delete(socket));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => announce(server));
}

function endOfHead(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  return end === -1 ? -1 : end + 4;
}

/** The templates are given as arguments, in base64. */
export function templatesFromArguments(): Buffer[] {
  const { values } = parseArgs({ options: { template: { type: 'string', multiple: true, default: [] } } });
  return values.template.map((text) => Buffer.from(text, 'base64'));
}
