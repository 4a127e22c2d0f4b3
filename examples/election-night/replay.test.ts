import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstHour, mailboxOf, parseFigures, ROOT } from './figures.mjs';
import { replay } from './replay.mjs';

describe('the figures', () => {
  it('of the first hour are 88 updates, in order, each with its own place', () => {
    const updates = firstHour();
    const times = updates.map(({ time }) => time);
    expect([updates.length, times[0], times.at(-1)]).toEqual([88, '2020-11-03T23:12:16Z', '2020-11-04T00:12:14Z']);
    expect(times).toEqual([...times].sort());
    expect(new Set(updates.map(({ state, time }) => `${state} ${time}`)).size).toBe(88);
  });

  it('are read as numbers', () => {
    expect(parseFigures('head\n2020-11-03T23:12:16Z,Indiana,11,7987,0.297,0.684,0\n')).toEqual([
      {
        time: '2020-11-03T23:12:16Z',
        state: 'Indiana',
        electoralVotes: 11,
        totalVotes: 7987,
        shares: { biden: 0.297, trump: 0.684 },
        percentCounted: 0,
      },
    ]);
  });

  it('go into the mailbox of their state', () => {
    expect(mailboxOf('New Hampshire')).toBe(`${ROOT}/new-hampshire`);
  });
});

describe('the replay', () => {
  let server: Server;
  let url: string;
  /** What the log holds: id and mailbox, in order; one of another's among them. */
  const stored: { mailbox: string; id: string; data?: unknown }[] = [];
  let failures = 0;

  beforeEach(async () => {
    stored.splice(0);
    failures = 0;
    server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (request.method === 'GET') response.end(JSON.stringify({ messages: stored.slice(-100) }));
    else if (failures-- > 0) response.writeHead(503).end('{"detail":"not now","retryable":true}');
    else {
      const id = String(request.headers['idempotency-key']);
      stored.push({ mailbox: (request.url ?? '').slice('/v1/mailboxes'.length), id, data: JSON.parse(body) });
      response.writeHead(201).end('{}');
    }
  }

  const told = async (minutes = 0, signal = new AbortController().signal): Promise<string[]> => {
    const said: string[] = [];
    await replay({ url, minutes, signal, say: (line) => said.push(line) });
    return said;
  };
  const expected = firstHour().map((data) => ({ mailbox: mailboxOf(data.state), id: data.time, data }));

  it('publishes every update once, in order, with an id', async () => {
    const said = await told();
    expect(stored).toEqual(expected);
    expect(said[0]).toBe('23:12:16  Indiana             7,987 votes  Biden 29.7 %  Trump 68.4 %  1/88');
  });

  it('goes on after the last update that is there, whoever else published', async () => {
    stored.push(...expected.slice(0, 40), { mailbox: `${ROOT}/indiana`, id: 'of-another' });
    await told();
    expect(stored.filter(({ id }) => id !== 'of-another')).toEqual(expected);
    const said = await told();
    expect(said).toEqual(['Election night: 88 of 88 updates are there already', 'Election night: the first hour is told']);
  });

  it('tries again while the server cannot store', async () => {
    failures = 1;
    stored.push(...expected.slice(0, 87));
    expect(await told()).toContain('Election night: not now; trying again');
    expect(stored).toEqual(expected);
  });

  it('ends when it is told to', async () => {
    const interrupted = new AbortController();
    const running = told(600, interrupted.signal);
    await expect.poll(() => stored.length).toBe(1);
    interrupted.abort();
    await expect(running).rejects.toThrow('aborted');
  });
});
