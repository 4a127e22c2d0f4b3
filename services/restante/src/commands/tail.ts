import type { Message } from '@restante/protocol';
import { follow } from '../http/follow.js';
import { Seen } from '../http/seen.js';
import type { Server } from '../http/server.js';
import { type Io, print, say } from '../io.js';
import { patternArgument } from './arguments.js';

/** `restante tail`: prints the messages of patterns as they come, one a line, until Ctrl-C; goes on by itself after a break. */

export interface TailOptions {
  readonly after?: string;
  readonly last?: number;
  readonly catchUp?: 'every' | 'latest';
  readonly json?: boolean;
}

export async function tail(io: Io, server: Server, patterns: readonly string[], options: TailOptions): Promise<void> {
  const { after, last, catchUp, json = false } = options;
  const seen = new Seen();
  const events = follow(server, {
    patterns: patterns.map(patternArgument),
    start: { ...(after === undefined ? {} : { after }), ...(last === undefined ? {} : { last }) },
    ...(catchUp === undefined ? {} : { catchUp }),
    signal: io.signal,
    onBreak: (error, waitMs) => say(io, `${error.message}; trying again in ${(waitMs / 1_000).toFixed(1)} s`),
    onOpen: (again) => {
      seen.resume();
      if (again) say(io, 'connected again');
    },
  });
  for await (const { event, data } of events) {
    if (data === undefined) continue;
    if (event === 'gap') say(io, `messages are missing here: ${data}`);
    if (event !== 'message') continue;
    const message = JSON.parse(data) as Message;
    if (seen.isNew(message)) await print(io, json ? `${data}\n` : line(message, io.stdout.isTTY === true));
  }
}

/** `time mailbox data`: for a person in columns and local time, for a pipe with tabs and in UTC. */
export function line(message: Message, isTty: boolean): string {
  const time = new Date(message.time);
  const body = printable(bodyText(message));
  if (!isTty) return `${time.toISOString()}\t${message.mailbox}\t${body}\n`;
  const clock = `${time.toTimeString().slice(0, 8)}.${`${time.getMilliseconds()}`.padStart(3, '0')}`;
  return `\u001b[2m${clock}\u001b[0m  \u001b[36m${message.mailbox}\u001b[0m  ${body}\n`;
}

function bodyText({ data, text, base64, purged }: Message): string {
  if (purged === true) return '(purged)';
  if (text !== undefined) return text;
  return base64 ?? JSON.stringify(data) ?? '';
}

/** A publisher must not be able to move the cursor of a reader's terminal, nor to begin a new line. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => (char === '\n' ? '\\n' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`));
}
