import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, finished } from '../testing/command.js';
import { type Answer, hangUp, json, LittleServer, problem } from '../testing/little-server.js';

let server: LittleServer;

beforeEach(async () => {
  server = new LittleServer();
  await server.listen();
});
afterEach(() => server.close());

const publish = (args: readonly string[], input?: string) =>
  finished(['publish', ...args, '--url', server.url], input === undefined ? {} : { input });

const stored = (seq: number) => ({ mailbox: '/a', cursor: `_.k3f9c2ab.${seq}`, seq, time: 1, duplicate: false });

describe('one message', () => {
  it('is posted as it is given, and its cursor printed', async () => {
    server.will(json(201, stored(7)));
    expect(await publish(['/a/b', '{"n": 1.0}'])).toEqual({ code: 0, out: '_.k3f9c2ab.7\n', err: '' });
    const [asked] = server.asked;
    expect(asked).toMatchObject({ method: 'POST', path: '/v1/mailboxes/a/b', body: '{"n": 1.0}' });
    expect(asked?.headers['content-type']).toBeUndefined();
  });

  it('carries its id and its type', async () => {
    server.will(json(200, { ...stored(7), duplicate: true }));
    const { code, err } = await publish(['/a', 'x', '--id', 'order-1', '--type', 'text/plain']);
    expect(server.asked[0]?.headers).toMatchObject({ 'idempotency-key': 'order-1', 'content-type': 'text/plain' });
    expect([code, err]).toEqual([0, 'this id was stored before; this is its cursor\n']);
  });

  it.each([[['/a']], [['/a', '-']]])('is read from standard input with %j', async (args) => {
    server.will(json(201, stored(1)));
    expect(await publish(args, 'two\nlines')).toMatchObject({ code: 0 });
    expect(server.asked[0]?.body).toBe('two\nlines');
  });

  it('is refused with what the server says, and 1', async () => {
    server.will(problem(413, 'MESSAGE_TOO_LARGE'));
    expect(await publish(['/a', 'x'])).toEqual({ code: 1, out: '', err: 'restante: MESSAGE_TOO_LARGE happened (MESSAGE_TOO_LARGE)\n' });
  });
});

describe('lines', () => {
  const storeAll: Answer = (response, asked) =>
    json(200, { results: (JSON.parse(asked.body) as unknown[]).map((_, index) => stored(index + 1)) })(response, asked);

  it('are posted in a batch, JSON with its own bytes and the rest as text, each with an id of its own', async () => {
    server.will(storeAll);
    expect(await publish(['/a', '--lines'], '{"n":1.0}\n\nhello\n12345678901234567890\n')).toMatchObject({
      code: 0,
      out: '_.k3f9c2ab.1\n_.k3f9c2ab.2\n_.k3f9c2ab.3\n',
    });
    const body = server.asked[0]?.body ?? '';
    expect(body).toMatch(/"data":\{"n":1\.0\}.*"text":"hello".*"data":12345678901234567890/);
    expect(new Set((JSON.parse(body) as { id: string }[]).map(({ id }) => id)).size).toBe(3);
  });

  it('go out while more may come', async () => {
    server.will(storeAll);
    const running = command(['publish', '/a', '--lines', '--url', server.url]);
    running.stdin.write('1\n');
    await expect.poll(() => running.stdout()).toBe('_.k3f9c2ab.1\n');
    running.stdin.end();
    expect(await running.exitCode).toBe(0);
  });

  it('are sent again with the same ids when the answer was lost', async () => {
    server.will(hangUp, problem(503, 'LOG_UNAVAILABLE', true), storeAll);
    expect(await publish(['/a', '--lines'], '1\n2\n')).toMatchObject({ code: 0 });
    expect(server.asked).toHaveLength(3);
    expect(new Set(server.asked.map(({ body }) => body)).size).toBe(1);
  });

  it('that failed for now are sent again, without those that were stored', async () => {
    const full = { type: 'x', title: 'x', status: 503, detail: 'full', code: 'LOG_FULL', retryable: true, retryAfterMs: 1 };
    server.will(json(200, { results: [stored(1), full] }), json(200, { results: [stored(2)] }));
    expect(await publish(['/a', '--lines'], '1\n2\n')).toMatchObject({ code: 0, out: '_.k3f9c2ab.1\n_.k3f9c2ab.2\n' });
    expect(JSON.parse(server.asked[1]?.body ?? '')).toMatchObject([{ data: 2 }]);
  });

  it('that are refused are named; the others are stored', async () => {
    const refused = { type: 'x', title: 'x', status: 400, detail: 'no', code: 'BODY_INVALID', retryable: false };
    server.will(json(200, { results: [refused, stored(1)] }));
    const { code, out, err } = await publish(['/a', '--lines'], '1\n2\n');
    expect([code, out]).toEqual([1, '_.k3f9c2ab.1\n']);
    expect(err).toBe('line 1: no (BODY_INVALID)\nrestante: 1 of the lines were refused\n');
  });

  it('more than a batch holds are several batches, in order', async () => {
    server.will(storeAll);
    const input = Array.from({ length: 2_500 }, (_, n) => `${n}\n`).join('');
    expect(await publish(['/a', '--lines'], input)).toMatchObject({ code: 0 });
    const sent = server.asked.flatMap(({ body }) => (JSON.parse(body) as { data: number }[]).map(({ data }) => data));
    expect(sent).toEqual(Array.from({ length: 2_500 }, (_, n) => n));
    expect(Math.max(...server.asked.map(({ body }) => (JSON.parse(body) as unknown[]).length))).toBeLessThanOrEqual(1_000);
  });
});

describe('what makes no sense is refused before anything is sent, with 2', () => {
  it.each([
    [['no-slash', 'x'], 'is not a mailbox name'],
    [['/a/*', 'x'], 'is not a mailbox name'],
    [['/a', 'x', '--lines'], '--lines reads standard input'],
    [['/a', '--lines', '--id', 'x'], '--id is of one message'],
    [['/a', 'x', '--idd', 'x'], "unknown option '--idd'"],
    [[], "missing required argument 'mailbox'"],
  ])('%j', async (args, said) => {
    const { code, err } = await publish(args);
    expect([code, server.asked]).toEqual([2, []]);
    expect(err).toContain(said);
  });
});
