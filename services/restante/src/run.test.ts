import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { finished } from './testing/command.js';
import { json, LittleServer } from './testing/little-server.js';

const folder = mkdtempSync(join(tmpdir(), 'restante-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMANDS = ['start', 'edge', 'router', 'gateway', 'publish', 'tail', 'export', 'import', 'doctor'];

describe('help', () => {
  it.each([[[]], [['help']], [['--help']]])('upon %j lists the commands, where to begin and the exit codes', async (args) => {
    const { code, out, err } = await finished(args);
    expect([code, err]).toEqual([0, '']);
    for (const name of [...COMMANDS, 'log']) expect(out).toContain(`\n  ${name} `);
    expect(out).toContain('restante start ');
    expect(out).toContain('3 when the server cannot be reached');
  });

  it.each([...COMMANDS.map((name) => [name]), ['log', 'adopt'], ['log', 'recreate']])('of %s has examples', async (...args) => {
    const { code, out } = await finished([...args, '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Examples:\n  restante');
  });

  it('of start names every setting with its default', async () => {
    const { out } = await finished(['start', '--help']);
    expect(out).toMatch(/--port <value> .*\(default: 8080\)/s);
    expect(out).toContain('--cors-origins');
  });
});

describe('wrong usage ends with 2 and says what is wrong', () => {
  it.each([
    [['strat'], "unknown command 'strat'"],
    [['tail'], "missing required argument 'pattern'"],
    [['tail', 'a'], 'is not a pattern'],
    [['tail', '/a', '--last', '0'], 'is not a whole number above 0'],
    [['tail', '/a', '--last', '1', '--after', 'now'], 'cannot be used with'],
    [['tail', '/a', '--catch-up', 'some'], 'Allowed choices are every, latest'],
    [['tail', '/a', '--url', 'localhost'], 'is no http address'],
    [['export', '/a/b*'], 'is not a pattern'],
    [['log', 'adopt', '--backend', 'memory:'], 'nothing to adopt'],
    [['log', 'recreate'], "missing required argument 'namespace'"],
    [['log', 'recreate', '*', '--backend', 'lmdb:data', '--yes'], 'only a log on NATS is made anew'],
    [['log', 'recreate', 'news', '--backend', 'nats://127.0.0.1:1', '--yes'], 'there is no namespace "news" in this configuration'],
    [['log', 'recreate', '*', '--backend', 'nats://127.0.0.1:1'], 'this deletes every message of *, for good; say --yes to do it'],
    [['edge', '--backend', 'memory:'], 'restante edge is one of several processes, which need a backend that they share'],
    [['router', '--backend', 'lmdb:data'], 'lmdb: is a folder for one process alone; restante start runs everything in it'],
    [['gateway', '--port', 'x'], '--port must be a whole number'],
  ])('%j', async (args, said) => {
    const { code, out, err } = await finished(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(said);
  });
});

it('takes the address from RESTANTE_URL, and --url wins', async () => {
  const server = new LittleServer();
  await server.listen();
  server.will(json(201, { cursor: '_.k3f9c2ab.1', duplicate: false }));
  expect((await finished(['publish', '/a', 'x'], { env: { RESTANTE_URL: `${server.url}/` } })).code).toBe(0);
  expect((await finished(['publish', '/a', 'x', '--url', server.url], { env: { RESTANTE_URL: 'http://127.0.0.1:1' } })).code).toBe(0);
  expect(server.asked).toHaveLength(2);
  await server.close();
});

describe('log adopt', () => {
  const adopt = (...args: readonly string[]) => finished(['log', 'adopt', ...args]);

  it('makes no folder where there is none, and says so with 2', async () => {
    const absent = join(folder, 'absent');
    const { code, err } = await adopt('--backend', `lmdb:${absent}`);
    expect([code, err]).toEqual([2, `restante: there is no data in ${absent}; --backend names another folder\n`]);
    expect(existsSync(absent)).toBe(false);
  });

  it('calls the log that it does not find by the name of its namespace', async () => {
    const data = join(folder, 'data');
    const { openLmdbBackend } = await import('@restante/backend/lmdb');
    const backend = await openLmdbBackend({ folder: data });
    await backend.openLog('news', { ageMs: 86_400_000, bytes: 1024 ** 2, idWindowMs: 600_000 });
    expect(await adopt('--backend', `lmdb:${data}`)).toMatchObject({
      code: 1,
      err: `restante: another process uses ${data}; stop it, or choose another folder with --backend\n`,
    });
    await backend.close();
    expect(await adopt('--backend', `lmdb:${data}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${data} holds no log of the namespace "*"`),
    });
    expect(await adopt('news', '--backend', `lmdb:${data}`)).toMatchObject({ code: 0, out: 'news: adopted, under a new epoch\n' });
  });
});

describe('doctor', () => {
  const doctor = (...args: readonly string[]) => finished(['doctor', ...args]);

  it('reports the faults of the configuration, with 2', async () => {
    const { code, out } = await doctor('--backend', 'redis://x', '--host', '0.0.0.0');
    expect(code).toBe(2);
    expect(out).toContain('bad  configuration');
    expect(out).toContain('--backend names a redis server');
    expect(out).toContain('--host can be reached from other machines');
  });

  it('is content with a configuration that can run, and says what is open and that nobody answers', async () => {
    const { code, out } = await doctor('--backend', 'memory:', '--url', 'http://127.0.0.1:1');
    expect(out).toContain('note policy         open to everybody on this machine');
    expect(out).toContain('note server         nobody answers at http://127.0.0.1:1');
    expect(out).toContain('ok   durability     Stored survives nothing');
    expect(out).toMatch(/ok {3}log _ {10}epoch [a-z0-9]+ \(1 in its line\), head 0, floor 0\n/);
    expect(code).toBe(0);
  });

  it('asks no server where nobody uses the data: who answers at the address would be somebody else', async () => {
    const server = new LittleServer();
    await server.listen();
    const { code, out } = await doctor('--backend', 'memory:', '--port', new URL(server.url).port);
    expect([code, server.asked.length]).toEqual([0, 0]);
    expect(out).toContain('note server         not asked');
    await server.close();
  });

  it('asks the server of the configuration where the data is in use', async () => {
    const data = join(folder, 'used');
    const { openLmdbBackend } = await import('@restante/backend/lmdb');
    const backend = await openLmdbBackend({ folder: data });
    const server = new LittleServer();
    await server.listen();
    server.will(json(200, { status: 'ok', reasons: [] }));
    const { code, out } = await doctor('--backend', `lmdb:${data}`, '--port', new URL(server.url).port);
    expect([code, out]).toEqual([0, expect.stringMatching(/ok +server +\S+ is ready\nok +lock +the data is in use/)]);
    await server.close();
    const alone = await doctor('--backend', `lmdb:${data}`, '--url', 'http://127.0.0.1:1');
    expect([alone.code, alone.out]).toEqual([
      1,
      expect.stringContaining(`bad  lock           another process uses ${data}; stop it, or choose`),
    ]);
    await backend.close();
  });

  it('tells why a running server is not ready, with 1', async () => {
    const server = new LittleServer();
    await server.listen();
    server.will(json(503, { status: 'not ready', reasons: ['frames: none for 3 s'] }));
    const { code, out } = await doctor('--backend', 'memory:', '--url', server.url);
    expect([code, out]).toEqual([1, expect.stringContaining(`bad  server         ${server.url} is not ready: frames: none for 3 s\n`)]);
    await server.close();
  });

  it('shows what everybody may publish to, where others reach the server', async () => {
    const file = join(folder, 'restante.yaml');
    writeFileSync(
      file,
      'host: 0.0.0.0\nbackend: "memory:"\nnamespaces: { a: { read: public, publish: nobody }, b: { read: public, publish: public } }',
    );
    expect((await doctor('--config', file)).out).toContain('note policy         everybody who reaches 0.0.0.0 may publish to b\n');
  });
});
