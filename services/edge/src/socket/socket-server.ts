import { ERRORS, CLOSE, LIMITS, quote, RestanteError } from '@restante/protocol';
import { SUBPROTOCOL } from '@restante/protocol/schemas';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkLocal, rawProblem } from '@restante/http';
import { type WebSocket, WebSocketServer } from 'ws';
import { paced, retryAfterMs } from '../leaving.js';
import { ClientSocket, type ClientSocketDeps } from './client-socket.js';

/**
 * `GET /v1/socket`: upgrades to WebSockets, pings them, and sends them away when the server leaves. What a client sends is bounded by
 * `ws` (frame size) before anybody looks at it.
 */

const PATH = '/v1/socket';
const PING_MS = 30_000;
/** Pings without an answer before a socket is closed. */
const PINGS_MISSED_MAX = 2;

export interface SocketServerConfig {
  readonly version: string;
  readonly region: string;
  readonly heartbeatMs: number;
  readonly messageBytesMax: number;
  /** A server without policy: only pages and programs of this machine. */
  readonly open: boolean;
  readonly corsOrigins: readonly string[];
}

interface Peer {
  readonly client: ClientSocket;
  readonly socket: WebSocket;
  pingsMissed: number;
}

export class SocketServer {
  readonly #config: SocketServerConfig;
  readonly #deps: ClientSocketDeps;
  readonly #peers = new Set<Peer>();
  readonly #pinging: NodeJS.Timeout;
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LIMITS.socketFrameBytesMax,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  #draining = false;

  constructor(config: SocketServerConfig, deps: ClientSocketDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#pinging = setInterval(() => this.#pingAll(), PING_MS);
  }

  get size(): number {
    return this.#peers.size;
  }

  /** For the HTTP server's `upgrade` event. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node takes its own listener away before `upgrade`: without one, a peer that resets ends the process.
    socket.on('error', () => socket.destroy());
    try {
      this.#check(request);
    } catch (error) {
      if (!(error instanceof RestanteError)) throw error;
      socket.end(rawProblem(error), () => socket.destroy());
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (ws) => this.#welcome(ws, socket as Socket));
  }

  #check(request: IncomingMessage): void {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path !== PATH) throw new RestanteError('NOT_FOUND', `there is no WebSocket at ${quote(path)}`);
    if (this.#config.open) checkLocal(request.headers.host, request.headers.origin, this.#config.corsOrigins);
    if (this.#draining) throw new RestanteError('DRAINING', ERRORS.DRAINING.title);
  }

  #welcome(ws: WebSocket, socket: Socket): void {
    socket.setNoDelay(true);
    const client = new ClientSocket(socket, ws, this.#deps);
    const peer: Peer = { client, socket: ws, pingsMissed: 0 };
    this.#peers.add(peer);
    ws.on('message', (data, isBinary) => {
      if (isBinary) client.leave(CLOSE.binary, 'binary frames are not part of this protocol');
      else client.onText((data as Buffer).toString());
    });
    ws.on('pong', () => {
      peer.pingsMissed = 0;
    });
    // `ws` closes with the code of the fault by itself: 1009 for a frame too large, 1007 for text that is no UTF-8.
    ws.on('error', () => undefined);
    ws.on('close', () => {
      this.#peers.delete(peer);
      client.onClose();
    });
    const { version, region, heartbeatMs, messageBytesMax } = this.#config;
    const limits = { frameBytes: LIMITS.socketFrameBytesMax, messageBytes: messageBytesMax, subscriptions: LIMITS.subscriptionsMax };
    client.hello({ type: 'hello', version, region, heartbeatMs, limits });
  }

  #pingAll(): void {
    for (const peer of this.#peers) {
      if (peer.pingsMissed >= PINGS_MISSED_MAX) {
        peer.client.leave(CLOSE.silent, 'no pong');
      } else {
        peer.pingsMissed += 1;
        peer.socket.ping();
      }
    }
  }

  /** Sends everybody away, spread over `ms`, each told when to come back: not all at once, and not at once. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    await paced(this.#peers, ms, (peer) => peer.client.drain(retryAfterMs(ms)));
  }

  close(): void {
    clearInterval(this.#pinging);
    for (const peer of this.#peers) peer.socket.terminate();
    this.#upgrades.close();
  }
}
