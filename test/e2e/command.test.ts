import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, eventually, launchRestante, type RestanteProcess } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The command as a person has it: real processes, real pipes, a real server that is killed and started again. */

const COMMAND = fileURLToPath(new URL('../../services/restante/bin/restante.js', import.meta.url));

let server: RestanteProcess;
let folder: string;

beforeAll(async () => {
  server = await launchRestante();
  folder = await mkdtemp(join(tmpdir(), 'restante-command-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

function command(...args: readonly string[]): Child {
  return new Child({ command: process.execPath, args: [COMMAND, ...args], env: { RESTANTE_URL: server.url }, cwd: folder });
}

/** Through a shell, for pipes; `$R` is the command. */
function shell(script: string): Child {
  return new Child({
    command: 'bash',
    args: ['-o', 'pipefail', '-c', script],
    env: { RESTANTE_URL: server.url, R: `${process.execPath} ${COMMAND}` },
    cwd: folder,
  });
}

async function ended(child: Child): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe('restante start', () => {
  it('prints the address first, alone on its line, and then what to try', async () => {
    const started = command('start', '--port', '0', '--backend', 'memory:');
    await started.says(/curl -N/);
    const [first = ''] = started.stdout.split('\n');
    expect(first).toMatch(/^Restante listens on http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${first.split(' ').at(-1)}/healthz`)).status).toBe(200);
    expect(await started.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('upon Ctrl-C sends readers away and ends with 0', async () => {
    const started = command('start', '--port', '0', '--backend', 'memory:', '--drain-ms', '200');
    const [, url] = await started.says(/listens on (\S+)/);
    const stream = await fetch(`${url}/v1/stream?mailbox=/a/**`);
    expect(await started.kill('SIGINT')).toEqual({ code: 0, signal: null });
    await expect(stream.text()).resolves.toContain('retry:');
  });

  it('refuses data and a port that another has, and says which', async () => {
    const data = await ended(command('start', '--port', '0', '--backend', `lmdb:${join(server.folder, 'data')}`));
    expect([data.code, data.stderr]).toEqual([1, expect.stringContaining('another process uses')]);
    const port = await ended(command('start', '--port', `${server.port}`, '--backend', 'memory:'));
    expect([port.code, port.stderr]).toEqual([1, expect.stringContaining(`port ${server.port} is in use already`)]);
  });

  it('with faults in the configuration ends with 2 before it begins', async () => {
    const { code, stdout, stderr } = await ended(command('start', '--port', 'x', '--host', '0.0.0.0'));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('2 faults:\n  --port must be');
  });
});

describe('restante tail', () => {
  it('misses nothing and shows nothing twice while the server is killed and comes back', async () => {
    const tail = command('tail', '/killed/**', '--json', '--after', 'earliest');
    const publish = async (n: number): Promise<void> => {
      const answer = await fetch(`${server.url}/v1/mailboxes/killed/${n % 3}`, { method: 'POST', body: Buffer.from(`${n}`) });
      expect(answer.status).toBe(201);
    };
    for (let n = 0; n < 50; n++) await publish(n);
    await eventually('the first fifty', () => tail.stdout.split('\n').length === 51);
    await server.kill('SIGKILL');
    await server.start();
    for (let n = 50; n < 100; n++) await publish(n);
    await eventually('all hundred', () => tail.stdout.split('\n').length === 101, { timeoutMs: 30_000 });
    const seen = tail.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { data: number }).data);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(tail.stderr).toContain('connected again');
    expect(await tail.kill('SIGINT')).toEqual({ code: 0, signal: null });
  });

  it('ends with the next line when nobody reads it any more', async () => {
    const tail = shell('$R tail /piped --after earliest | head -n 1');
    const published = eventually('the pipe to close', async () => {
      await fetch(`${server.url}/v1/mailboxes/piped`, { method: 'POST', body: Buffer.from('1') });
      return !tail.isRunning;
    });
    expect(await ended(tail)).toEqual({ code: 0, stdout: expect.stringMatching(/\t\/piped\t1\n$/), stderr: '' });
    await published;
  });
});

describe('export and import', () => {
  it('carry every byte of what is there, and can be repeated', async () => {
    const lines = Array.from(
      { length: 3_000 },
      (_, n) => `{"n":${n}.0,"big":12345678901234567890,"text":"\\u00e9 \\"${'x'.repeat(n % 50)}"}`,
    );
    await writeFile(join(folder, 'lines'), `${lines.join('\n')}\n`);
    expect(await ended(shell('$R publish /from/all --lines < lines | wc -l'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\s*3000\n$/),
    });

    expect(await ended(shell(`$R export '/from/**' > exported.jsonl`))).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^3,000 messages exported in /),
    });
    const exported = await readFile(join(folder, 'exported.jsonl'), 'utf8');
    await writeFile(join(folder, 'moved.jsonl'), exported.replaceAll('"mailbox":"/from/', '"mailbox":"/to/'));

    expect(await ended(command('import', 'moved.jsonl'))).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^3,000 messages imported in /),
    });
    const again = await ended(shell('cat moved.jsonl | $R import -'));
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('0 new, 3,000 there already') });

    await ended(shell(`$R export '/to/**' > copied.jsonl`));
    const copied = await readFile(join(folder, 'copied.jsonl'), 'utf8');
    expect(hashOfData(copied, 3_000)).toBe(hashOfData(exported, 3_000));
    expect(copied).toContain('"data":{"n":2999.0,"big":12345678901234567890,');
  });
});

/** Of the bytes of the bodies alone: places, times and mailboxes differ. The bodies come last. */
function hashOfData(jsonLines: string, count: number): string {
  const bodies = jsonLines
    .trim()
    .split('\n')
    .map((line) => line.slice(line.indexOf('"data":')));
  expect(bodies).toHaveLength(count);
  return createHash('sha256').update(bodies.join('\n')).digest('hex');
}

describe('restante doctor', () => {
  it('finds nothing wrong with a running server, nor with its data once it has stopped', async () => {
    const backend = `lmdb:${join(server.folder, 'data')}`;
    const running = await ended(command('doctor', '--backend', backend));
    expect(running).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ok +server +\S+ is ready\nok +lock +the data is in use by the running server/),
    });
    await server.kill('SIGTERM');
    const stopped = await ended(command('doctor', '--backend', backend));
    expect(stopped).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /note +server +nobody answers.*\nok +durability +Stored is flushed.*\nok +log _ +epoch \w+ \(1 in its line\), head \d+, floor 0\n/,
      ),
    });
  });

  it('restante log adopt gives data from a backup a new epoch', async () => {
    const backend = `lmdb:${join(server.folder, 'data')}`;
    expect(await ended(command('log', 'adopt', '--backend', backend))).toMatchObject({
      code: 0,
      stdout: '*: adopted, under a new epoch\n',
    });
    expect((await ended(command('doctor', '--backend', backend))).stdout).toMatch(/log _ +epoch \w+ \(2 in its line\)/);
    await server.start();
  });
});
