import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { rawProblem } from '@restante/http';
import { RestanteError } from '@restante/protocol';

/**
 * Node hands every request with an `Upgrade` header to whoever listens for upgrades. Only WebSockets are upgraded here; what offers
 * another protocol on the side (`h2c` of curl and Java) is an ordinary request, and RFC 9110, 7.8 lets a server leave the offer aside.
 */
export function onUpgrade(server: Server, upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') upgrade(request, socket, head);
    else answerAsRequest(server, request, socket as Socket);
  });
}

function answerAsRequest(server: Server, request: IncomingMessage, socket: Socket): void {
  socket.on('error', () => socket.destroy());
  if (Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined) {
    // Its body was never parsed, and nobody does so any more.
    const error = new RestanteError('REQUEST_INVALID', 'a request with a body cannot offer another protocol');
    socket.end(rawProblem(error), () => socket.destroy());
    return;
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  server.emit('request', request, response);
}
