import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { firstSegment, REST_LOG } from '@restante/protocol';
import type { Answer, Sender, Sending } from './publisher.js';

/**
 * Publishes past Restante, as any NATS client may: a JetStream publish with an id, over one plain connection that is made anew at the next server
 * when it breaks or is silent. The acknowledgement names the log and the seq, and knows of no epoch.
 */

export interface NatsSenderOptions {
  readonly urls: readonly string[];
  /** Those that have a log of their own. */
  readonly namespaces: readonly string[];
}

const ANSWER_MS = 2_000;
/** No server answered for the subject: nothing was stored. */
const NO_RESPONDERS = '503';

export class NatsSender implements Sender {
  readonly #urls: readonly string[];
  readonly #namespaces: ReadonlySet<string>;
  #server = 0;
  #connection: Promise<NatsConnection> | undefined;

  constructor({ urls, namespaces }: NatsSenderOptions) {
    this.#urls = urls;
    this.#namespaces = new Set(namespaces);
  }

  /** One after the other, each after the acknowledgement of the one before. */
  async send(messages: readonly Sending[]): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for (const message of messages) answers.push(await this.#publish(message));
    return answers;
  }

  close(): void {
    void this.#connection?.then((connection) => connection.close()).catch(() => undefined);
    this.#connection = undefined;
  }

  async #publish({ mailbox, id, data }: Sending): Promise<Answer> {
    const segment = firstSegment(mailbox);
    const log = this.#namespaces.has(segment) ? segment : REST_LOG;
    const subject = `mailbox${log === REST_LOG ? `.${REST_LOG}` : ''}${mailbox.replaceAll('/', '.')}`;
    try {
      this.#connection ??= NatsConnection.open(this.#urls[this.#server++ % this.#urls.length] ?? '');
      const connection = await this.#connection;
      return answerOf(await connection.request(subject, { 'Nats-Msg-Id': id }, JSON.stringify(data)), log);
    } catch (error) {
      this.close();
      throw error;
    }
  }
}

/** What JetStream answers a publish with. Errors leave open whether it was stored: the leader may have changed meanwhile. */
interface Acknowledgement {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code: number; readonly description: string };
}

function answerOf(answer: string, log: string): Answer {
  if (answer === NO_RESPONDERS) return { outcome: 'unknown', again: true };
  const { seq, duplicate = false, error } = JSON.parse(answer) as Acknowledgement;
  // A duplicate of one that is under way has no place yet.
  if (error !== undefined || seq === undefined || seq === 0) return { outcome: 'unknown', again: true };
  return { outcome: duplicate ? 'duplicate' : 'stored', at: { log, seq }, again: false };
}

/** One connection, one question at a time. */
class NatsConnection {
  readonly #socket: Socket;
  /** Its own: whoever subscribes to another's answers receives them too. */
  readonly #inbox = `answer.${randomUUID()}`;
  #received = '';
  #waiting: { readonly reply: string; readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void } | undefined;
  #questions = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#read();
    });
    socket.on('error', (error) => this.#fail(error)).on('close', () => this.#fail(new Error('the server closed the connection')));
    socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${this.#inbox}.* 1\r\n`);
  }

  static open(url: string): Promise<NatsConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    return new Promise((resolve, reject) => {
      socket.once('error', reject).once('connect', () => {
        socket.off('error', reject);
        resolve(new NatsConnection(socket));
      });
    });
  }

  request(subject: string, headers: Readonly<Record<string, string>>, body: string): Promise<string> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `NATS/1.0\r\n${lines.join('')}\r\n`;
    const headBytes = Buffer.byteLength(head);
    const reply = `${this.#inbox}.${++this.#questions}`;
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error('no answer')), ANSWER_MS);
      const settled = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      this.#waiting = {
        reply,
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      if (this.#socket.destroyed) this.#fail(new Error('the connection is gone'));
      else this.#socket.write(`HPUB ${subject} ${reply} ${headBytes} ${headBytes + Buffer.byteLength(body)}\r\n${head}${body}\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#socket.destroy();
    this.#waiting?.reject(error);
  }

  /** Takes whole commands off what was received; bodies are counted in bytes, of which each is one latin1 character. */
  #read(): void {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end < 0) return;
      const [verb = '', ...words] = this.#received.slice(0, end).split(/ +/);
      const bytes = verb === 'MSG' || verb === 'HMSG' ? Number(words.at(-1)) : undefined;
      if (bytes !== undefined && this.#received.length < end + 2 + bytes + 2) return;
      const body = bytes === undefined ? '' : this.#received.slice(end + 2, end + 2 + bytes);
      this.#received = this.#received.slice(end + 2 + (bytes === undefined ? 0 : bytes + 2));
      if (verb === 'PING') this.#socket.write('PONG\r\n');
      else if (verb === '-ERR') this.#fail(new Error(words.join(' ')));
      else if (verb === 'MSG') this.#answered(words[0], Buffer.from(body, 'latin1').toString('utf8'));
      else if (verb === 'HMSG') this.#answered(words[0], /^NATS\/1\.0 (\d+)/.exec(body)?.[1] ?? '');
    }
  }

  /** An answer to an earlier question, that was given up, is dropped. */
  #answered(subject: string | undefined, answer: string): void {
    if (this.#waiting?.reply === subject) this.#waiting?.resolve(answer);
  }
}
