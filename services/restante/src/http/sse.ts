/** Server-sent events out of bytes, as the HTML standard parses them. One line may hold a whole message, so lines have a limit, not a small one. */

export interface SseEvent {
  readonly event: string;
  /** Undefined for a block that has none: it may still bring an id. */
  readonly data: string | undefined;
  readonly id: string | undefined;
  readonly retryMs: number | undefined;
}

/** Characters of one event, lines that are not complete included. Beyond it, what answers is no server of ours. */
const EVENT_LENGTH_MAX = 32 * 1024 * 1024;

interface Block {
  event?: string;
  data?: string;
  id?: string;
  retryMs?: number;
}

/** Yields `undefined` for a chunk without a complete event too: something came, so the server is alive. */
export async function* parseSse(chunks: AsyncIterable<Uint8Array>): AsyncIterable<SseEvent | undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let block: Block = {};
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A lone CR at the end may be half of a CRLF: it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length + (block.data?.length ?? 0) > EVENT_LENGTH_MAX) throw new Error('an event of the stream is too long');
    yield undefined;
    for (const line of lines) {
      if (line !== '') add(block, line);
      else {
        if (Object.keys(block).length > 0)
          yield { event: block.event ?? 'message', data: block.data, id: block.id, retryMs: block.retryMs };
        block = {};
      }
    }
  }
}

function add(block: Block, line: string): void {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
  if (field === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
  else if (field === 'event') block.event = value;
  else if (field === 'id' && !value.includes('\0')) block.id = value;
  else if (field === 'retry' && /^\d{1,9}$/.test(value)) block.retryMs = Number(value);
}
