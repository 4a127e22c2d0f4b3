import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** As little of NATS' own protocol as it takes to ask a server what a user may do. One request at a time. */

const ANSWER_MS_MAX = 5_000;
const CRLF = '\r\n';

export class NatsClient {
  readonly #socket: Socket;
  #received = '';
  /** What the server refused since the last PONG. */
  #refusal: string | undefined;
  #onData: (data: string) => void = () => {};
  #onPong: (refusal: string | undefined) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    // Whoever waits then fails by its limit of time.
    socket.on('error', () => {});
  }

  /** @throws with the server's words where it does not take the user */
  static async connect(url: string, user: string, password: string): Promise<NatsClient> {
    const { hostname, port } = new URL(url);
    const client = new NatsClient(connect(Number(port), hostname));
    client.#send(`CONNECT ${JSON.stringify({ user, pass: password, verbose: false, headers: true, no_responders: true })}`);
    client.#socket.once('close', () => client.#onPong(client.#refusal ?? 'the server closed the connection'));
    await client.#pong();
    return client;
  }

  /** @returns the answer's text, `''` where nobody listens. @throws with the server's words where the user may not publish or subscribe. */
  async request(subject: string, data = ''): Promise<string> {
    const inbox = `_INBOX.${randomUUID()}`;
    this.#send(`SUB ${inbox} 1`);
    const answer = within<string>((resolve) => {
      this.#onData = resolve;
    });
    await this.publish(subject, data, inbox);
    return answer.finally(() => this.#send('UNSUB 1'));
  }

  /** Publishes, naming where the answer should go, and waits until the server has taken it. @throws with the server's words */
  async publish(subject: string, data: string, reply = ''): Promise<void> {
    this.#send(`PUB ${subject} ${reply === '' ? '' : `${reply} `}${Buffer.byteLength(data)}${CRLF}${data}`);
    await this.#pong();
  }

  /** @throws with the server's words where the user may not */
  async subscribe(subject: string): Promise<void> {
    this.#send(`SUB ${subject} 2`);
    await this.#pong();
    this.#send('UNSUB 2');
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The server answers in order: what it refused of all before came before its PONG. */
  async #pong(): Promise<void> {
    const refusal = await within<string | undefined>((resolve) => {
      this.#onPong = resolve;
      this.#send('PING');
    });
    this.#refusal = undefined;
    if (refusal !== undefined) throw new Error(refusal);
  }

  #send(line: string): void {
    this.#socket.write(`${line}${CRLF}`);
  }

  #take(text: string): void {
    this.#received += text;
    for (let line = this.#line(); line !== undefined; line = this.#line()) {
      const [verb = '', ...words] = line.heading.split(' ');
      if (verb === 'PING') this.#send('PONG');
      else if (verb === 'PONG') this.#onPong(this.#refusal);
      else if (verb === '-ERR') this.#refusal ??= words.join(' ');
      else if (verb === 'MSG') this.#onData(line.payload);
      else if (verb === 'HMSG') this.#onData(afterHeaders(line.payload));
    }
  }

  /** Takes the next line off what was received, with the payload that it announces; undefined while it is not all there. */
  #line(): { readonly heading: string; readonly payload: string } | undefined {
    const end = this.#received.indexOf(CRLF);
    if (end < 0) return undefined;
    const heading = this.#received.slice(0, end);
    const begin = end + CRLF.length;
    const bytes = /^H?MSG .* (\d+)$/.exec(heading)?.[1];
    const next = bytes === undefined ? begin : begin + Number(bytes) + CRLF.length;
    if (this.#received.length < next) return undefined;
    const payload = this.#received.slice(begin, begin + Number(bytes ?? 0));
    this.#received = this.#received.slice(next);
    return { heading, payload };
  }
}

/** Nothing, where the server says that nobody listens. */
function afterHeaders(payload: string): string {
  return payload.slice(payload.indexOf(`${CRLF}${CRLF}`) + 2 * CRLF.length);
}

function within<T>(begin: (resolve: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
    begin((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
