import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, finished } from '../testing/command.js';
import { type Answer, hangUp, json, LittleServer, problem } from '../testing/little-server.js';

const folder = mkdtempSync(join(tmpdir(), 'restante-export-'));
const file = join(folder, 'export.jsonl');
let server: LittleServer;
const servers: LittleServer[] = [];

beforeEach(anotherServer);
afterAll(() => rmSync(folder, { recursive: true }));

afterEach(() => Promise.all(servers.splice(0).map((one) => one.close())));

async function anotherServer(): Promise<void> {
  server = new LittleServer();
  servers.push(server);
  await server.listen();
}

const cursor = (seq: number) => `a.k3f9c2ab.${seq}`;
const message = (seq: number, data = '1.0') => `{"mailbox":"/a/x","cursor":"${cursor(seq)}","time":${seq},"id":"id-${seq}","data":${data}}`;
const page = (seqs: readonly number[], next: number, data?: string) =>
  json(200, `{"messages":[${seqs.map((seq) => message(seq, data)).join(',')}],"next":"${cursor(next)}","complete":true}`);

describe('export', () => {
  const exported = (args: readonly string[]) => finished(['export', ...args, '--url', server.url]);

  it('prints every message up to the newest at the start, its data with the bytes it has', async () => {
    server.will(page([3], 3), page([1, 2], 2, '{"big":12345678901234567890, "s":"a\\"}"}'), page([3, 4], 4));
    const { code, out, err } = await exported(['/a/**']);
    expect([code, out]).toEqual([
      0,
      `${[1, 2].map((seq) => message(seq, '{"big":12345678901234567890, "s":"a\\"}"}')).join('\n')}\n${message(3)}\n${message(4)}\n`,
    ]);
    expect(err).toMatch(/^4 messages exported in .* s \(.*\/s\)\n$/);
    expect(server.asked.map(({ path, query }) => [path, query.toString()])).toEqual([
      ['/v1/mailboxes/a/**', 'last=1'],
      ['/v1/mailboxes/a/**', 'after=earliest&limit=1000'],
      ['/v1/mailboxes/a/**', `after=${cursor(2)}&limit=1000`],
    ]);
  });

  it('of nothing is nothing', async () => {
    server.will(page([], 0));
    expect(await exported(['/a/**'])).toMatchObject({ code: 0, out: '' });
  });

  it('asks again for a page that broke off', async () => {
    server.will(page([2], 2), page([1], 1), hangUp, problem(503, 'LOG_UNAVAILABLE', true), page([2], 2));
    expect(await exported(['/a/**'])).toMatchObject({ code: 0, out: `${message(1)}\n${message(2)}\n` });
  });

  it('that fails says how to go on, and has printed whole lines', async () => {
    server.will(page([2], 2), page([1], 1), problem(400, 'CURSOR_INVALID'));
    const { code, out, err } = await exported(['/a/**']);
    expect([code, out]).toEqual([1, `${message(1)}\n`]);
    expect(err).toContain(`go on with: restante export '/a/**' --after ${cursor(1)}\n`);
  });

  it('goes on after a cursor', async () => {
    server.will(page([2], 2), page([2], 2));
    expect(await exported(['/a/**', '--after', cursor(1)])).toMatchObject({ code: 0, out: `${message(2)}\n` });
    expect(server.asked[1]?.query.get('after')).toBe(cursor(1));
  });

  it('says where messages are missing', async () => {
    server.will(page([9], 9), json(200, `{"messages":[${message(9)}],"next":"${cursor(9)}","complete":false,"reason":"retention"}`));
    expect((await exported(['/a/**', '--after', cursor(1)])).err).toContain('messages are missing before the next line: retention');
  });

  it('says at once that nobody is there, with 3', async () => {
    server.will(hangUp);
    expect((await exported(['/a/**'])).code).toBe(3);
  });

  it('interrupted ends with 130', async () => {
    server.will(page([2], 2), () => {});
    const running = command(['export', '/a/**', '--url', server.url]);
    await expect.poll(() => server.asked.length).toBe(2);
    running.interrupt();
    expect(await running.exitCode).toBe(130);
  });
});

describe('import', () => {
  const imported = (args: readonly string[], input?: string) =>
    finished(['import', ...args, '--url', server.url], input === undefined ? {} : { input });
  const storeAll: Answer = (response, asked) => {
    const results = (JSON.parse(asked.body) as { mailbox: string }[]).map(({ mailbox }) => ({
      mailbox,
      cursor: cursor(1),
      seq: 1,
      time: 1,
      duplicate: false,
    }));
    json(200, { results })(response, asked);
  };

  it('posts the lines with their ids and the bytes of their data; place and time are the log’s to give', async () => {
    writeFileSync(
      file,
      `${message(1)}\n\n{"id":"t","text":"x","mailbox":"/b","cursor":"b.k3f9c2ab.1","time":1,"headers":{"restante-a":"b"}}\n`,
    );
    server.will(storeAll);
    const { code, err } = await imported([file]);
    expect([code, err]).toEqual([0, expect.stringMatching(/^2 messages imported in .*\n2 new, 0 there already\n$/)]);
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/v1/publish' });
    expect(server.asked[0]?.body).toBe(
      '[{"mailbox":"/a/x","id":"id-1","data":1.0},{"mailbox":"/b","id":"t","headers":{"restante-a":"b"},"text":"x"}]',
    );
  });

  it('gives a message without an id the same one every time', async () => {
    server.will(storeAll);
    await imported(['-'], '{"mailbox":"/a/x","cursor":"a.k3f9c2ab.7","time":1,"data":1}');
    expect(JSON.parse(server.asked[0]?.body ?? '')).toMatchObject([{ id: 'import-a.k3f9c2ab.7' }]);
  });

  it('leaves out purges, and says so', async () => {
    server.will(storeAll);
    const { err } = await imported(['-'], `{"mailbox":"/a/x","cursor":"a.k3f9c2ab.7","time":1,"purged":true}\n${message(8)}\n`);
    expect(err).toMatch(/^1 message imported in .*\n1 purge left out: there is nothing to publish\n1 new, 0 there already\n$/);
    expect(JSON.parse(server.asked[0]?.body ?? '')).toHaveLength(1);
  });

  it('sends a batch again, with the same ids, when its answer was lost', async () => {
    server.will(hangUp, storeAll);
    expect(await imported(['-'], `${message(1)}\n${message(2)}\n`)).toMatchObject({ code: 0 });
    expect(server.asked[0]?.body).toBe(server.asked[1]?.body);
  });

  it('that fails says from which line to go on, and goes on from there', async () => {
    writeFileSync(file, Array.from({ length: 2_000 }, (_, n) => `${message(n + 1)}\n`).join(''));
    server.will(storeAll, problem(403, 'FORBIDDEN'));
    const { code, err } = await imported([file]);
    expect(code).toBe(1);
    expect(err).toContain('lines up to 1000 are stored; go on with --from-line 1001');
    await anotherServer();
    server.will(storeAll);
    expect(await imported([file, '--from-line', '1001'])).toMatchObject({ code: 0 });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toMatchObject({ 0: { id: 'id-1001' }, length: 1_000 });
  });

  it.each([
    ['not JSON', 'line 2 is not valid JSON'],
    ['[]', 'line 2 is no Message: it has no mailbox'],
    ['{"mailbox":"/a","data":1}', 'line 2 is no Message of an export: it has neither an id nor a cursor. Give it an id'],
    ['{"mailbox":"/a","id":"x"}', 'line 2 is no Message: it has none of data, text and base64'],
    ['{"mailbox":"a","id":"x","data":1}', 'line 2 is no Message: "a" is not a mailbox name: it must begin with /'],
  ])('refuses the line %s with its number', async (wrong, said) => {
    server.will(storeAll);
    const { code, err } = await imported(['-'], `${message(1)}\n${wrong}\n`);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  it('says nothing of going on where nothing was stored', async () => {
    expect(await imported(['-'], '{"mailbox":"/a","data":1}\n')).toMatchObject({
      code: 2,
      err: expect.not.stringContaining('--from-line'),
    });
    expect(server.asked).toHaveLength(0);
  });

  it('says how many of the messages were there already, and how many were refused', async () => {
    const stored = { mailbox: '/a/x', cursor: cursor(1), seq: 1, time: 1 };
    const refused = { code: 'MESSAGE_TOO_LARGE', status: 413, detail: 'too large', retryable: false };
    server.will(json(200, { results: [{ ...stored, duplicate: true }, { ...stored, duplicate: false }, refused] }));
    const { code, err } = await imported(['-'], [1, 2, 3].map((seq) => `${message(seq)}\n`).join(''));
    expect(code).toBe(1);
    expect(err).toContain('1 new, 1 there already\nrestante: 1 message refused\n');
  });

  it('of a file that is not there is refused with 2', async () => {
    expect(await imported([join(folder, 'absent')])).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read: ENOENT') });
  });
});

it('what was exported is imported as it was', async () => {
  const data = '{"a":1.0,"b":[1e2,"\\u00e9\\n"],"__proto__":{"x":1}}';
  server.will(page([1], 1, data));
  const { out } = await finished(['export', '/a/**', '--url', server.url]);
  await anotherServer();
  server.will(json(200, { results: [{ cursor: cursor(1) }] }));
  await finished(['import', '-', '--url', server.url], { input: out });
  expect(server.asked[0]?.body).toBe(`[{"mailbox":"/a/x","id":"id-1","data":${data}}]`);
});
