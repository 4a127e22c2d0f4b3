import { OPEN, parseCursor } from '@restante/protocol';
import type { Page } from '@restante/protocol/schemas';
import { hashOfBody } from '../history/hash.js';
import type { FinalEntry, FinalLog } from '../history/known.js';

/**
 * Reads everything that a pattern's logs hold, page by page, as the judge wants it. Through the public interface: of the epochs it knows only the
 * current one, so any other is a contradiction, which is right for a server on one disk.
 */
export async function readFinalLogs(url: string, pattern: string): Promise<FinalLog[]> {
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
      for (const [log, { epoch }] of parseCursor(page.next)) if (!logs.has(log)) logs.set(log, { epoch, entries: [] });
      return [...logs].map(([log, { epoch, entries }]) => ({ log, epochs: [{ epoch, upTo: OPEN }], floor: 0, entries }));
    }
    after = page.next;
  }
}
