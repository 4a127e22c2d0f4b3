import { Agent, type IncomingMessage, request } from 'node:http';
import type { Problem, Published, PublishResults } from '@restante/protocol/schemas';
import { type Address, addressOf } from './address.js';
import type { Answer, Sender, Sending } from './publisher.js';

/** Publishes over HTTP, one request at a time: a single message by its mailbox's address, several as a batch. */

const ANSWER_MS = 15_000;
/** Codes that say nothing about whether the message was stored. */
const UNKNOWN_CODES = new Set(['LOG_UNAVAILABLE', 'INTERNAL']);

export class HttpSender implements Sender {
  readonly #url: Address;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: Address) {
    this.#url = url;
  }

  async send(messages: readonly Sending[]): Promise<readonly Answer[]> {
    const [only] = messages;
    if (messages.length === 1 && only !== undefined) {
      const { status, body } = await this.#post(`/v1/mailboxes${only.mailbox}`, JSON.stringify(only.data), { 'idempotency-key': only.id });
      return [answerOf(status, JSON.parse(body) as Published | Problem)];
    }
    const items = messages.map(({ mailbox, data, id }) => ({ mailbox, data, id }));
    const { status, body } = await this.#post('/v1/publish', JSON.stringify(items), {});
    const answer = JSON.parse(body) as PublishResults | Problem;
    if (!('results' in answer)) return messages.map(() => answerOf(status, answer));
    return answer.results.map((result) => answerOf('code' in result ? result.status : 200, result));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #post(path: string, body: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(`${addressOf(this.#url)}${path}`, {
        method: 'POST',
        agent: this.#agent,
        timeout: ANSWER_MS,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer')));
      asked.on('error', reject).on('response', resolve).end(body);
    });
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    return { status: response.statusCode ?? 0, body: text };
  }
}

function answerOf(status: number, answer: Published | Problem): Answer {
  if (!('code' in answer) && status < 300)
    return { outcome: answer.duplicate ? 'duplicate' : 'stored', cursor: answer.cursor, again: false };
  const { code, retryable } = answer as Problem;
  return { outcome: UNKNOWN_CODES.has(code) ? 'unknown' : 'refused', again: retryable };
}
