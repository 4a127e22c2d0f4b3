import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Bodies that were answered before they were read to their end, as those that are refused. Who is still sending gets to the answer only
 * if somebody reads on, so the rest is read and forgotten; but not without end (I7): then the connection is closed.
 */

/** More than a batch may have, so that a client that sends somewhat too much learns why. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;
const UNREAD_MS_MAX = 3_000;
const CHECK_MS = 50;

const unread = new WeakMap<Socket, IncomingMessage>();

/** For a request that was answered just now. */
export function boundUnread(request: IncomingMessage): void {
  const { socket } = request;
  if (isWhole(request) || socket.destroyed) return;
  unread.set(socket, request);
  const [bytesBefore, since] = [socket.bytesRead, performance.now()];
  // Watched from outside: Node takes a body that nobody wanted from the socket without an event.
  const timer = setInterval(() => {
    const isOver = socket.bytesRead - bytesBefore > UNREAD_BYTES_MAX || performance.now() - since > UNREAD_MS_MAX;
    if (isOver && !isWhole(request)) socket.destroy();
    if (isWhole(request) || socket.destroyed) clearInterval(timer);
  }, CHECK_MS);
}

/** Does more of an answered request come in here? Another answer would be taken for the next request's. */
export function isUnread(socket: Socket): boolean {
  const request = unread.get(socket);
  return request !== undefined && !isWhole(request);
}

/** A request that did not come over a connection says nothing of it, and was never anything else. */
function isWhole({ complete = true }: { readonly complete?: boolean }): boolean {
  return complete;
}
