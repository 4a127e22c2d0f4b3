import { randomBytes } from 'node:crypto';
import { LIMITS, type Published } from '@restante/protocol';
import { Refused, Usage } from '../failure.js';
import { type Item, postAll } from '../http/batches.js';
import type { Server } from '../http/server.js';
import { type Io, print, say } from '../io.js';
import { mailboxArgument } from './arguments.js';
import { linesOf } from './lines.js';

/** `restante publish`: drops one message, or every line of standard input, and prints the cursor of each. */

export interface PublishOptions {
  readonly id?: string;
  readonly type?: string;
  readonly lines?: boolean;
}

export async function publish(io: Io, server: Server, mailbox: string, data: string | undefined, options: PublishOptions): Promise<void> {
  const name = mailboxArgument(mailbox);
  if (options.lines === true) {
    if (data !== undefined && data !== '-') throw new Usage('--lines reads standard input: give no data');
    if (options.id !== undefined) throw new Usage('--id is of one message: not with --lines');
    return publishLines(io, server, name, options.type);
  }
  if (data === undefined && io.stdin.isTTY === true) say(io, 'reading the message from standard input; Ctrl-D ends it');
  const body = data === undefined || data === '-' ? await readAll(io) : Buffer.from(data);
  const headers = {
    ...(options.id === undefined ? {} : { 'idempotency-key': options.id }),
    ...(options.type === undefined ? {} : { 'content-type': options.type }),
  };
  const answer = await server.text(`/v1/mailboxes${name}`, { method: 'POST', body, headers, signal: io.signal });
  const { cursor, duplicate } = JSON.parse(answer) as Published;
  if (duplicate) say(io, 'this id was stored before; this is its cursor');
  await print(io, `${cursor}\n`);
}

async function publishLines(io: Io, server: Server, mailbox: string, type: string | undefined): Promise<void> {
  const run = randomBytes(9).toString('base64url');
  const onRetry = (error: Error, waitMs: number) => say(io, `${error.message}; trying again in ${(waitMs / 1_000).toFixed(1)} s`);
  let refused = 0;
  for await (const outcomes of postAll(server, toItems(io, mailbox, type, run), { signal: io.signal, onRetry })) {
    let cursors = '';
    for (const { item, result } of outcomes) {
      if ('cursor' in result) cursors += `${result.cursor}\n`;
      else {
        refused += 1;
        say(io, `${item.from}: ${result.detail} (${result.code})`);
      }
    }
    await print(io, cursors);
  }
  if (refused > 0) throw new Refused({ status: 200, detail: `${refused} of the lines were refused` });
}

async function* toItems(io: Io, mailbox: string, contentType: string | undefined, run: string): AsyncIterable<Item | 'pause'> {
  let number = 0;
  for await (const line of linesOf(io.stdin)) {
    if (line === 'pause') {
      yield line;
      continue;
    }
    number += 1;
    const { text } = line;
    if (text === '') continue;
    const head = JSON.stringify({ mailbox, id: `${run}-${number}`, contentType });
    // Valid JSON goes as it is written: 1.0 stays 1.0, and large integers keep their digits.
    const body = contentType === undefined && isJson(text) ? `"data":${text}` : `"text":${JSON.stringify(text)}`;
    yield { json: `${head.slice(0, -1)},${body}}`, from: `line ${number}` };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function readAll({ stdin }: Io): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Buffer));
    length += (chunk as Buffer).length;
    // No server takes more than a batch's worth; do not fill the memory to be told so.
    if (length > LIMITS.batchBytesMax) throw new Usage('the input is larger than any message may be; --lines publishes it line by line');
  }
  return Buffer.concat(chunks);
}
