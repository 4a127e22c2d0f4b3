import { performance } from 'node:perf_hooks';
import { HttpConnection, postRequest } from '../../load/http-connection.js';
import { payloadText } from '../../load/payload.js';
import { nowUs } from './clock.js';
import type { ClusterCommands, ClusterResults, PacedSpec } from './commands.js';

/** All that this process publishes over HTTP, through the batch call. Numbers the messages of each mailbox from 0. */

const BATCH = '/v1/publish';
const REFUSED = '"code":"';
const CURSOR = /"cursor":"([^"]+)"/g;

export class Publishing {
  readonly #fault: (reason: string) => void;
  /** By mailbox name: how many messages were made. */
  readonly #made = new Map<string, number>();
  readonly #connections = new Set<HttpConnection>();
  #isPacing = false;
  /** By number of the mailbox: what was acknowledged of the paced messages. */
  acknowledged: Set<number>[] = [];
  refused = 0;

  constructor(fault: (reason: string) => void) {
    this.#fault = fault;
  }

  paced({ port, prefix, mailboxes, perSecond, messages }: PacedSpec): Promise<ClusterResults['paced']> {
    this.#isPacing = true;
    this.refused = 0;
    this.acknowledged = Array.from({ length: mailboxes }, () => new Set<number>());
    const startedUs = nowUs();
    let published = 0;
    /** Batches in the order in which they are answered. */
    const underWay: { mailbox: number; number: number }[][] = [];
    return new Promise((resolve) => {
      const connection = this.#connect(port, (body) => {
        this.#note(underWay.shift() ?? [], body.toString());
        endIfDone();
      });
      const endIfDone = (): void => {
        if (this.#isPacing || underWay.length > 0) return;
        this.#close(connection);
        resolve({ published, refused: this.refused, elapsedMs: (nowUs() - startedUs) / 1_000 });
      };
      const publishDue = (): void => {
        const due = Math.min(messages, Math.floor(((nowUs() - startedUs) * perSecond) / 1e6) + 1);
        const batch: { mailbox: string; data: string }[] = [];
        const numbers: { mailbox: number; number: number }[] = [];
        for (; published < due && this.#isPacing; published += 1) {
          const mailbox = published % mailboxes;
          const name = `${prefix}/${mailbox}`;
          const number = this.#next(name);
          numbers.push({ mailbox, number });
          batch.push({ mailbox: name, data: payloadText(number, startedUs + (published * 1e6) / perSecond) });
        }
        if (batch.length > 0) {
          underWay.push(numbers);
          connection.send(postRequest(port, BATCH, JSON.stringify(batch)));
        }
        if (published === messages) this.#isPacing = false;
        if (!this.#isPacing) return endIfDone();
        setTimeout(publishDue, (startedUs + (published * 1e6) / perSecond - nowUs()) / 1_000);
      };
      publishDue();
    });
  }

  stopPacing(): void {
    this.#isPacing = false;
  }

  flood({ ports, prefix, mailboxes, lanes, batch, seconds, messages }: ClusterCommands['flood']): Promise<ClusterResults['flood']> {
    const startedAt = performance.now();
    const endsAt = startedAt + (seconds ?? Number.POSITIVE_INFINITY) * 1_000;
    const most = messages ?? Number.POSITIVE_INFINITY;
    let sent = 0;
    let published = 0;
    let idle = 0;
    return new Promise((resolve) => {
      const open: HttpConnection[] = [];
      for (let lane = 0; lane < lanes; lane += 1) {
        const port = ports[lane % ports.length] as number;
        const sendNext = (): void => {
          if (performance.now() >= endsAt || sent >= most) {
            idle += 1;
            if (idle < lanes) return;
            for (const connection of open) this.#close(connection);
            return resolve({ published, elapsedMs: performance.now() - startedAt });
          }
          const timeUs = nowUs();
          const size = Math.min(batch, most - sent);
          const items = Array.from({ length: size }, (_, nth) => {
            const name = `${prefix}/${(sent + nth) % mailboxes}`;
            return `{"mailbox":"${name}","data":"${payloadText(this.#next(name), timeUs)}"}`;
          });
          sent += size;
          connection.send(postRequest(port, BATCH, `[${items.join(',')}]`));
          underWay = size;
        };
        let underWay = 0;
        const connection = this.#connect(port, (body) => {
          if (body.includes(REFUSED)) return this.#fault(`a publish was refused: ${body.toString().slice(0, 500)}`);
          published += underWay;
          sendNext();
        });
        open.push(connection);
        sendNext();
      }
    });
  }

  async rounds({ port, prefix, mailboxes, rounds }: ClusterCommands['rounds']): Promise<ClusterResults['rounds']> {
    const cursors: string[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const items = Array.from({ length: mailboxes }, (_, mailbox) => {
        const name = `${prefix}/${mailbox}`;
        return { mailbox: name, data: payloadText(this.#next(name), nowUs()) };
      });
      const body = await this.#post(port, JSON.stringify(items));
      if (body.includes(REFUSED)) throw new Error(`a publish was refused: ${body.slice(0, 500)}`);
      cursors.push([...body.matchAll(CURSOR)].map(([, cursor]) => cursor as string));
    }
    return { cursors };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #next(mailbox: string): number {
    const number = this.#made.get(mailbox) ?? 0;
    this.#made.set(mailbox, number + 1);
    return number;
  }

  #note(batch: readonly { mailbox: number; number: number }[], body: string): void {
    if (!body.includes(REFUSED)) {
      for (const { mailbox, number } of batch) this.acknowledged[mailbox]?.add(number);
      return;
    }
    const { results } = JSON.parse(body) as { results: { code?: string }[] };
    for (const [nth, { code }] of results.entries()) {
      const { mailbox, number } = batch[nth] as { mailbox: number; number: number };
      if (code === undefined) this.acknowledged[mailbox]?.add(number);
      else this.refused += 1;
    }
  }

  #post(port: number, body: string): Promise<string> {
    return new Promise((resolve) => {
      const connection = this.#connect(port, (answer) => {
        this.#close(connection);
        resolve(answer.toString());
      });
      connection.send(postRequest(port, BATCH, body));
    });
  }

  #connect(port: number, answer: (body: Buffer) => void): HttpConnection {
    const connection = new HttpConnection(port, { answer, fault: this.#fault });
    this.#connections.add(connection);
    return connection;
  }

  #close(connection: HttpConnection): void {
    connection.close();
    this.#connections.delete(connection);
  }
}
