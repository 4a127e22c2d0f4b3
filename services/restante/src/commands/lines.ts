import type { Readable } from 'node:stream';
import { LIMITS } from '@restante/protocol';
import { Usage } from '../failure.js';

/** Lines of a stream, with a `pause` after those of one chunk: a slow writer's lines are not held back to fill a batch. */

export interface Line {
  readonly text: string;
  /** Bytes of the stream up to and with this line. */
  readonly endBytes: number;
}

/** @throws Usage for a line that is longer than any batch may be */
export async function* linesOf(stream: Readable): AsyncIterable<Line | 'pause'> {
  const decoder = new TextDecoder();
  let rest: Buffer[] = [];
  let restBytes = 0;
  let endBytes = 0;
  for await (const part of stream) {
    const chunk = Buffer.from(part as Buffer);
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const bytes = Buffer.concat([...rest, chunk.subarray(start, end)]);
      endBytes += bytes.length + 1;
      rest = [];
      restBytes = 0;
      start = end + 1;
      yield { text: text(decoder, bytes), endBytes };
    }
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > LIMITS.batchBytesMax) throw new Usage(`a line is longer than ${LIMITS.batchBytesMax} bytes`);
    yield 'pause';
  }
  if (restBytes > 0) yield { text: text(decoder, Buffer.concat(rest)), endBytes: endBytes + restBytes };
}

function text(decoder: { decode(bytes: Uint8Array): string }, bytes: Buffer): string {
  const line = decoder.decode(bytes);
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
