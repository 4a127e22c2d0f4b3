import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, finished } from '../testing/command.js';
import { hangUp, LittleServer, problem, stream } from '../testing/little-server.js';
import { line } from './tail.js';

let server: LittleServer;

beforeEach(async () => {
  server = new LittleServer();
  await server.listen();
});
afterEach(() => server.close());

const message = (seq: number, log = 'a') => `{"mailbox":"/${log}/x","cursor":"${log}.k3f9c2ab.${seq}","time":${seq},"data":${seq}.0}`;
const event = (seq: number) => `id: a.k3f9c2ab.${seq}\ndata: ${message(seq)}`;
const HELLO = 'retry: 1\nid: a.k3f9c2ab.0';

function tail(args: readonly string[], isTTY = false) {
  return command(['tail', ...args, '--url', server.url], { isTTY });
}

it('prints one line a message, until Ctrl-C, which is how one ends it', async () => {
  server.will(stream([HELLO, event(1), ': still here', 'event: live\ndata: {}', event(2)], { ends: false }));
  const running = tail(['/a/**']);
  await expect.poll(() => running.stdout()).toBe('1970-01-01T00:00:00.001Z\t/a/x\t1\n1970-01-01T00:00:00.002Z\t/a/x\t2\n');
  running.interrupt();
  expect([await running.exitCode, running.stderr()]).toEqual([0, '']);
});

it('prints whole Messages as they came with --json', async () => {
  server.will(stream([HELLO, event(1)], { ends: false }));
  const running = tail(['/a/x', '--json']);
  await expect.poll(() => running.stdout()).toBe(`${message(1)}\n`);
  running.interrupt();
  await running.exitCode;
});

it('asks for what it was told to', async () => {
  server.will(stream([HELLO], { ends: false }));
  const running = tail(['/a/*', '/b', '--last', '5', '--catch-up', 'latest']);
  await expect.poll(() => server.asked.length).toBe(1);
  running.interrupt();
  await running.exitCode;
  const [asked] = server.asked;
  expect([asked?.path, asked?.query.getAll('mailbox'), asked?.query.get('last'), asked?.query.get('catchUp')]).toEqual([
    '/v1/stream',
    ['/a/*', '/b'],
    '5',
    'latest',
  ]);
});

it('sends long lists in the body', async () => {
  server.will(stream([HELLO], { ends: false }));
  const patterns = Array.from({ length: 300 }, (_, n) => `/mailbox/number/${n}`);
  const running = tail([...patterns, '--after', 'earliest']);
  await expect.poll(() => server.asked.length).toBe(1);
  running.interrupt();
  await running.exitCode;
  expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/v1/stream' });
  expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({ mailbox: patterns, after: 'earliest' });
});

describe('after a break', () => {
  it('goes on after the last id, however the connection ended', async () => {
    server.will(
      stream([HELLO, event(1)], { ends: true }),
      hangUp,
      problem(503, 'DRAINING', true),
      stream(['id: a.k3f9c2ab.1', event(2)], { ends: false }),
    );
    const running = tail(['/a/**', '--last', '1', '--json']);
    await expect.poll(() => running.stdout()).toBe(`${message(1)}\n${message(2)}\n`);
    running.interrupt();
    expect(await running.exitCode).toBe(0);
    expect(server.asked.map(({ headers }) => headers['last-event-id'])).toEqual([
      undefined,
      'a.k3f9c2ab.1',
      'a.k3f9c2ab.1',
      'a.k3f9c2ab.1',
    ]);
    expect(server.asked.map(({ query }) => query.get('last'))).toEqual(['1', null, null, null]);
    expect(running.stderr()).toContain('connected again');
  });

  it('does not show again what the stream repeats because its last id was older', async () => {
    const both = (seq: number) => `data: ${message(seq, 'a')}\n\ndata: ${message(seq, 'b')}`;
    server.will(stream([HELLO, both(1), both(2)], { ends: true }), stream([both(1), both(2), both(3)], { ends: false }));
    const running = tail(['/**', '--json']);
    const expected = [1, 2, 3].flatMap((seq) => [message(seq, 'a'), message(seq, 'b')]);
    await expect.poll(() => running.stdout()).toBe(`${expected.join('\n')}\n`);
    running.interrupt();
    await running.exitCode;
  });

  it('shows what another history has under the same number', async () => {
    const other = message(1).replace('k3f9c2ab', 'm2x1d07e');
    server.will(stream([HELLO, event(1)], { ends: true }), stream([`data: ${other}`], { ends: false }));
    const running = tail(['/a/**', '--json']);
    await expect.poll(() => running.stdout()).toBe(`${message(1)}\n${other}\n`);
    running.interrupt();
    await running.exitCode;
  });

  it('gives up when the server says no', async () => {
    server.will(stream([HELLO], { ends: true }), problem(403, 'FORBIDDEN'));
    const running = tail(['/a/**']);
    expect(await running.exitCode).toBe(1);
    expect(running.stderr()).toContain('restante: FORBIDDEN happened');
  });
});

it('says where messages are missing', async () => {
  server.will(stream([HELLO, 'event: gap\ndata: {"cursor":"a.k3f9c2ab.5","reason":"retention"}', event(6)], { ends: false }));
  const running = tail(['/a/**']);
  await expect.poll(() => running.stderr()).toContain('messages are missing here: {"cursor":"a.k3f9c2ab.5","reason":"retention"}');
  running.interrupt();
  await running.exitCode;
});

it('says at once that nobody is there, with 3', async () => {
  const { url } = server;
  await server.close();
  const { code, err } = await finished(['tail', '/a', '--url', url]);
  expect([code, err]).toEqual([3, `restante: ${url} cannot be reached: ECONNREFUSED\n`]);
  await server.listen();
});

describe('a line for a person', () => {
  const at = { mailbox: '/a', cursor: 'a.k3f9c2ab.1', time: 0 };

  it('is time, mailbox and data', () => {
    expect(line({ ...at, data: { n: 1 } }, true)).toMatch(/^.*\d\d:\d\d:\d\d\.000.*\/a.*\{"n":1\}\n$/);
  });

  it.each([
    [{ text: 'hello' }, 'hello'],
    [{ base64: 'AQI=' }, 'AQI='],
    [{ data: null }, 'null'],
    [{ purged: true as const }, '(purged)'],
    [{ text: 'two\nlines' }, 'two\\nlines'],
    [{ text: '\u001b[2Jgone\u009b' }, '\\x1b[2Jgone\\x9b'],
  ])('shows %j as %j', (body, shown) => {
    expect(line({ ...at, ...body }, false)).toBe(`1970-01-01T00:00:00.000Z\t/a\t${shown}\n`);
  });
});
