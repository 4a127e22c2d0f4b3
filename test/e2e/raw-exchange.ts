import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

/** What no well-behaved client can send: bytes as they are, and sockets that break their own protocol. */

/** Writes the bytes and reads until the other side ends. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let answer = '';
  socket.on('data', (text: string) => {
    answer += text;
  });
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.write(bytes);
  });
  return answer;
}

export interface Talk {
  /** All that came, up to the one that ended it. */
  readonly frames: Record<string, unknown>[];
  /** Undefined where the server did not close before that. */
  readonly code: number | undefined;
}

/** Opens a WebSocket, lets `speak` send, and collects frames until the server closes or `until` holds for one of them. */
export async function talk(
  url: string,
  speak: (socket: WebSocket) => void,
  until: (frame: Record<string, unknown>) => boolean = () => false,
): Promise<Talk> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/socket`, 'restante.v1');
  const frames: Record<string, unknown>[] = [];
  const code = await new Promise<number | undefined>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => speak(socket));
    socket.on('close', resolve);
    socket.on('message', (bytes: Buffer) => {
      const frame = JSON.parse(bytes.toString()) as Record<string, unknown>;
      frames.push(frame);
      if (until(frame)) {
        socket.removeAllListeners('message');
        resolve(undefined);
      }
    });
  });
  socket.on('error', () => undefined).terminate();
  return { frames, code };
}

/** A connection whose reading side was never opened: what the server sends stays in the kernel. */
export async function silentConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket.pause();
}
