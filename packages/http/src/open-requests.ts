import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Which connections owe somebody an answer, so that a server that closes waits for those and for no other. Node by itself closes what is
 * idle after an answer, and waits without end for a connection that never carried a request (browsers open them ahead), or half of one.
 */
export class OpenRequests {
  readonly #server: Server;
  readonly #bySocket = new Map<Socket, number>();
  #isEnding = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      if (this.#isEnding) socket.destroy();
      // Requests behind another one's answer go with their connection, and without a word.
      else socket.once('close', () => this.#settle(socket));
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#bySocket.set(socket, this.#owedTo(socket) + 1);
      response.once('close', () => this.#answered(socket));
    });
  }

  /** From here on connections are closed as soon as nobody is owed an answer. Upgraded ones are not HTTP's any more, and stay. */
  end(): void {
    this.#isEnding = true;
    this.#closeIfNoneIsOwed();
  }

  #owedTo(socket: Socket): number {
    return this.#bySocket.get(socket) ?? 0;
  }

  #answered(socket: Socket): void {
    const owed = this.#owedTo(socket) - 1;
    if (owed > 0) this.#bySocket.set(socket, owed);
    else this.#settle(socket);
  }

  #settle(socket: Socket): void {
    this.#bySocket.delete(socket);
    this.#closeIfNoneIsOwed();
  }

  #closeIfNoneIsOwed(): void {
    if (this.#isEnding && this.#bySocket.size === 0) this.#server.closeAllConnections();
  }
}
