import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The curl lines of the README, as they stand, against the server that `npm start` starts: on port 8080, with the election night. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const lines = [...readme.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
  .filter((line) => line.startsWith('curl '));

let folder: string;
let server: Child;
beforeAll(async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
  // Without the build that `npm start` begins with: the tests run on what was built.
  const start = /node (\S+start\.mjs)/.exec(scripts.start)?.[1];
  if (start === undefined) throw new Error(`npm start runs ${scripts.start}, which this test does not know`);
  folder = await mkdtemp(join(tmpdir(), 'restante-readme-'));
  server = new Child({ command: process.execPath, args: [join(ROOT, start), '--backend', `lmdb:${folder}/data`] });
  await server.says(/listens on http:\/\/127\.0\.0\.1:8080\s/);
});
afterAll(async () => {
  await server.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

describe('the README', () => {
  it('has a line that drops and a line that streams', () => {
    expect(lines.some((line) => line.includes(' -d '))).toBe(true);
    expect(lines.some((line) => line.includes(' -N '))).toBe(true);
  });

  it.each(lines)('%s', async (line) => {
    const curl = new Child({ command: 'sh', args: ['-c', `exec ${line}`] });
    try {
      if (line.includes(' -N ')) await curl.says(/^data: \{"mailbox":".*"cursor":".*\}$/m);
      else {
        expect(await curl.exited).toMatchObject({ code: 0 });
        expect(JSON.parse(curl.stdout)).toMatchObject({ cursor: expect.stringContaining('.') });
      }
    } finally {
      await curl.kill();
    }
  });
});
