import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { memberSource } from '@restante/http/raw-json';
import type { Message } from '@restante/protocol';
import { Refused, Usage } from '../failure.js';
import { type Item, postAll } from '../http/batches.js';
import type { Server } from '../http/server.js';
import { type Io, say } from '../io.js';
import { counted, Progress } from '../progress.js';
import { mailboxArgument } from './arguments.js';
import { linesOf } from './lines.js';

/**
 * `restante import`: posts the lines of an export in batches, with their ids, so that it can be repeated within the server's id window;
 * beyond it, `--from-line` goes on where the last run ended. Positions and times are new: the log gives them.
 */

export interface ImportOptions {
  readonly fromLine?: number;
}

interface Source {
  readonly stream: Readable;
  /** Undefined for a pipe. */
  readonly bytes: number | undefined;
}

export async function importMessages(io: Io, server: Server, file: string, { fromLine = 1 }: ImportOptions): Promise<void> {
  const { stream, bytes } = await openSource(io, file);
  const progress = new Progress(io, 'imported');
  const tally: Tally = { line: 0, done: fromLine - 1, endBytes: 0, purges: 0, duplicates: 0, refused: 0 };
  const onRetry = (error: Error, waitMs: number): void => {
    progress.pause();
    say(io, `${error.message}; trying again in ${(waitMs / 1_000).toFixed(1)} s`);
  };
  try {
    for await (const outcomes of postAll(server, toItems(stream, fromLine, tally), { signal: io.signal, onRetry })) {
      for (const { item, result } of outcomes) {
        tally.done = Number(item.from.slice('line '.length));
        if ('cursor' in result) tally.duplicates += result.duplicate ? 1 : 0;
        else {
          tally.refused += 1;
          progress.pause();
          say(io, `${item.from}: ${result.detail} (${result.code})`);
        }
      }
      progress.add(outcomes.length, bytes === undefined || bytes === 0 ? undefined : tally.endBytes / bytes);
    }
  } catch (error) {
    progress.pause();
    if (tally.done >= fromLine) say(io, `lines up to ${tally.done} are stored; go on with --from-line ${tally.done + 1}`);
    throw error;
  } finally {
    stream.destroy();
  }
  progress.end();
  const { purges, duplicates, refused } = tally;
  if (purges > 0) say(io, `${counted(purges, 'purge')} left out: there is nothing to publish`);
  say(io, `${(progress.count - duplicates - refused).toLocaleString('en')} new, ${duplicates.toLocaleString('en')} there already`);
  if (refused > 0) throw new Refused({ status: 200, detail: `${counted(refused, 'message')} refused` });
}

interface Tally {
  line: number;
  /** The last line whose outcome is known. */
  done: number;
  endBytes: number;
  purges: number;
  duplicates: number;
  refused: number;
}

async function openSource(io: Io, file: string): Promise<Source> {
  if (file === '-') return { stream: io.stdin, bytes: undefined };
  try {
    const { size } = await stat(file);
    return { stream: createReadStream(file), bytes: size };
  } catch (error) {
    throw new Usage(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

async function* toItems(stream: Source['stream'], fromLine: number, tally: Tally): AsyncIterable<Item | 'pause'> {
  for await (const line of linesOf(stream)) {
    if (line === 'pause') continue;
    tally.line += 1;
    tally.endBytes = line.endBytes;
    if (tally.line < fromLine || line.text.trim() === '') continue;
    const json = toItem(line.text, tally.line);
    if (json === undefined) tally.purges += 1;
    else yield { json, from: `line ${tally.line}` };
  }
}

/** @returns undefined for a purge: there is nothing to publish. */
function toItem(line: string, number: number): string | undefined {
  const { mailbox, cursor, id = `import-${cursor}`, headers, contentType, text, base64, purged } = parse(line, number);
  if (purged === true) return undefined;
  const data = memberSource(line, 'data');
  if (data === undefined && text === undefined && base64 === undefined)
    throw new Usage(`line ${number} is no Message: it has none of data, text and base64`);
  const item = JSON.stringify({ mailbox, id, headers, contentType, text, base64 });
  return data === undefined ? item : `${item.slice(0, -1)},"data":${data}}`;
}

function parse(line: string, number: number): Message {
  let message: Partial<Message> | null;
  try {
    message = JSON.parse(line) as Partial<Message> | null;
  } catch (error) {
    throw new Usage(`line ${number} is not valid JSON`, { cause: error });
  }
  if (typeof message?.mailbox !== 'string') throw new Usage(`line ${number} is no Message: it has no mailbox`);
  mailboxArgument(message.mailbox, `line ${number} is no Message: `);
  if (typeof (message.id ?? message.cursor) !== 'string') {
    throw new Usage(`line ${number} is no Message of an export: it has neither an id nor a cursor. Give it an id, and it is stored once`);
  }
  return message as Message;
}
