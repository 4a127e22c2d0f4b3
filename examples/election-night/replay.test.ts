import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mailboxOf, readFigures, ROOT } from './figures.mjs';
import { replay } from './replay.mjs';

interface Item {
  readonly mailbox: string;
  readonly id: string;
  readonly data?: unknown;
}

const updates = readFigures();
const expected: Item[] = updates.map((data) => ({ mailbox: mailboxOf(data.state), id: data.time, data }));
const REFUSED = { status: 503, detail: 'not now', retryable: true };

describe('the replay', () => {
  let server: Server;
  let url: string;
  /** What the log holds, in order; its cursors are places in this list. */
  const stored: Item[] = [];
  /** What becomes of the next requests, the first of them first. */
  let faults: ((batch: Item[]) => { status: number; body: unknown; stores: Item[] })[] = [];

  beforeEach(async () => {
    stored.splice(0);
    faults = [];
    server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  function page(query: URLSearchParams): unknown {
    const end = query.has('before') ? Number(query.get('before')) : stored.length;
    const start = Math.max(end - 1_000, 0);
    return { messages: stored.slice(start, end).map((item, index) => ({ ...item, cursor: String(start + index) })) };
  }

  function store(items: Item[]): unknown {
    const held = new Set(stored.map(({ mailbox, id }) => `${mailbox} ${id}`));
    stored.push(...items.filter(({ mailbox, id }) => !held.has(`${mailbox} ${id}`)));
    return { results: items.map(() => ({ seq: 1 })) };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://server');
    const body = await text(request);
    if (request.method === 'GET') response.end(JSON.stringify(page(searchParams)));
    else if (request.method === 'DELETE') {
      const mailbox = pathname.slice('/v1/mailboxes'.length);
      stored.splice(0, stored.length, ...stored.filter((item) => item.mailbox !== mailbox));
      response.end('{}');
    } else {
      const batch = JSON.parse(body) as Item[];
      const fault = faults.shift()?.(batch);
      if (fault === undefined) response.end(JSON.stringify(store(batch)));
      else {
        store(fault.stores);
        response.writeHead(fault.status).end(JSON.stringify(fault.body));
      }
    }
  }

  const told = async (options: { minutes?: number; again?: boolean; signal?: AbortSignal } = {}): Promise<string[]> => {
    const said: string[] = [];
    const reporter = { say: (line: string) => void said.push(line), update: () => undefined, end: () => undefined };
    await replay({ url, minutes: 0, signal: new AbortController().signal, ...options, reporter });
    return said;
  };

  it('publishes every update once, in order, with an id', async () => {
    await told();
    expect(stored).toEqual(expected);
  });

  it('goes on after the last update that is there, whoever else published', async () => {
    stored.push(...expected.slice(0, 4_000));
    for (let n = 0; n < 2_500; n++) stored.push({ mailbox: `${ROOT}/indiana`, id: `of another ${n}` });
    expect(await told()).toContain('4,000 of 9,207 updates are there already');
    expect(stored.filter(({ id }) => !id.startsWith('of another'))).toEqual(expected);
    expect(await told()).toContain('9,207 of 9,207 updates are there already');
    expect(stored).toHaveLength(9_207 + 2_500);
  });

  it('fills a hole that a crash left in a batch', async () => {
    stored.push(...expected.slice(0, 300), ...expected.slice(303, 320));
    await told();
    expect(stored).toHaveLength(expected.length);
    expect(new Set(stored.map(({ mailbox, id }) => `${mailbox} ${id}`)).size).toBe(expected.length);
  });

  it('tries again while the server cannot store, all of it or a part', async () => {
    stored.push(...expected.slice(0, 9_100));
    faults = [
      () => ({ status: 503, body: REFUSED, stores: [] }),
      (batch) => ({ status: 200, body: { results: [{ seq: 1 }, REFUSED] }, stores: batch.slice(0, 1) }),
    ];
    expect(await told()).toContain('not now; trying again');
    expect(stored).toEqual(expected);
  });

  it('ends with what the server says where an update is refused for good', async () => {
    faults = [() => ({ status: 200, body: { results: [{ status: 403, detail: 'not yours', retryable: false }] }, stores: [] })];
    await expect(told()).rejects.toThrow('not yours');
  });

  it('forgets what was told before and tells it again', async () => {
    stored.push(...expected.slice(0, 500));
    await told({ again: true });
    expect(stored).toEqual(expected);
  });

  it('ends when it is told to', async () => {
    const interrupted = new AbortController();
    const running = told({ minutes: 600, signal: interrupted.signal });
    await expect.poll(() => stored.length).toBeGreaterThan(0);
    interrupted.abort();
    await expect(running).rejects.toThrow('aborted');
  });
});
