import { type Cursor, type Epochs, OPEN, parseCursor } from '@restante/protocol';
import type { Page } from '@restante/protocol/schemas';
import { hashOfBody } from '../history/hash.js';
import type { FinalEntry, FinalLog } from '../history/known.js';

/**
 * Reads everything that a pattern's logs hold, page by page, as the judge wants it. Through the public interface: of the epochs it knows only the
 * current one, so any other is a contradiction, unless whoever asks knows better. Nothing may be published or removed meanwhile.
 */
export async function readFinalLogs(url: string, pattern: string, lines: ReadonlyMap<string, Epochs> = new Map()): Promise<FinalLog[]> {
  const floors = await earliest(url, pattern);
  const logs = new Map<string, { epoch: string; entries: FinalEntry[] }>();
  let after = 'earliest';
  for (;;) {
    const response = await fetch(`${url}/v1/mailboxes${pattern}?${new URLSearchParams({ after, limit: '1000' }).toString()}`);
    if (!response.ok) throw new Error(`final read of ${pattern}: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as Page;
    if (!page.complete) throw new Error(`final read of ${pattern}: entries were removed while it was read (${page.reason})`);
    for (const message of page.messages)
      for (const [log, { epoch, seq }] of parseCursor(message.cursor)) {
        let found = logs.get(log);
        if (found === undefined) logs.set(log, (found = { epoch, entries: [] }));
        const { mailbox, id } = message;
        found.entries.push(
          message.purged ? { seq, mailbox, purged: true } : { seq, mailbox, hash: hashOfBody(message), ...(id !== undefined && { id }) },
        );
      }
    if (page.messages.length === 0) {
      return [...floors].map(([log, { epoch, seq }]) => {
        const found = logs.get(log) ?? { epoch, entries: [] };
        return { log, epochs: lines.get(log) ?? [{ epoch: found.epoch, upTo: OPEN }], floor: seq, entries: found.entries };
      });
    }
    after = page.next;
  }
}

/** The floors: a stream that begins at the earliest says first where that is. */
async function earliest(url: string, pattern: string): Promise<Cursor> {
  const leaving = new AbortController();
  const query = new URLSearchParams({ mailbox: pattern, after: 'earliest' });
  const response = await fetch(`${url}/v1/stream?${query.toString()}`, { signal: leaving.signal });
  try {
    let text = '';
    for await (const part of response.body ?? []) {
      text += Buffer.from(part as Uint8Array).toString();
      const cursor = /^id: (\S+)\n/m.exec(text)?.[1];
      if (cursor !== undefined) return parseCursor(cursor);
    }
    throw new Error(`final read of ${pattern}: the stream ended with ${text}`);
  } finally {
    leaving.abort();
  }
}
