import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * One request to a NATS server in its plain text protocol, on a connection of its own: what tests ask of JetStream, or store past Restante,
 * without a client library that would retry, reconnect or hide the answer.
 */

export interface NatsRequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

/** 2.9 leaves two spaces where the answer itself asks for none. */
const ANSWER = /^MSG \S+ 1 +(\d+)\r\n/m;
const REFUSAL = /^-ERR '(.*)'\r\n/m;

/**
 * @param url with user and password where the server asks for them
 * @param body text or bytes as they are, else its JSON
 * @returns the answer's JSON; JetStream's own errors are such answers
 * @throws what the server says instead, or where it closes or is silent
 */
export async function natsRequest(url: string, subject: string, body: unknown = '', options: NatsRequestOptions = {}): Promise<unknown> {
  const { headers, timeoutMs = 10_000 } = options;
  const { hostname, port, username, password } = new URL(url);
  const credentials = username !== '' && { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  const inbox = `answer.${randomUUID()}`;
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  try {
    const answer = readAnswer(socket, timeoutMs);
    socket.write(`CONNECT ${JSON.stringify({ verbose: false, headers: true, ...credentials })}\r\nSUB ${inbox} 1\r\n`);
    socket.write(
      publication(subject, inbox, typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body), headers),
    );
    return JSON.parse(await answer);
  } catch (error) {
    throw new Error(`${subject} at ${hostname}:${port}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    socket.destroy();
  }
}

/** What a server says to whoever connects, before anything else. */
export async function natsInfo(url: string): Promise<{ server_name: string; connect_urls?: string[] }> {
  const { hostname, port } = new URL(url);
  let received = '';
  for await (const chunk of connect(Number(port), hostname).setEncoding('utf8')) {
    received += chunk;
    const info = /^INFO (.*)\r\n/.exec(received)?.[1];
    if (info !== undefined) return JSON.parse(info);
  }
  throw new Error(`${url} said nothing`);
}

function publication(subject: string, inbox: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Buffer {
  const payload = typeof body === 'string' ? Buffer.from(body) : body;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`NATS/1.0\r\n${lines.join('')}\r\n`);
  const command = Buffer.from(`HPUB ${subject} ${inbox} ${head.length} ${head.length + payload.length}\r\n`);
  return Buffer.concat([command, head, payload, Buffer.from('\r\n')]);
}

function readAnswer(socket: Socket, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    socket.setTimeout(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
    socket.once('error', reject).once('close', () => reject(new Error('the server closed the connection')));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const refusal = REFUSAL.exec(received)?.[1];
      if (refusal !== undefined) reject(new Error(refusal));
      const answer = ANSWER.exec(received);
      if (answer === null) return;
      const bytes = received.slice(answer.index + answer[0].length);
      const length = Number(answer[1]);
      if (bytes.length >= length) resolve(Buffer.from(bytes.slice(0, length), 'latin1').toString());
    });
  });
}
