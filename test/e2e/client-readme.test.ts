import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Child, openScene, type Scene } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** The README's program, as it stands, run from this folder; only the server is this test's. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

it('publishes, shows what there is, and goes on after the server was killed', async () => {
  const readme = await readFile(`${ROOT}README.md`, 'utf8');
  const program = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(program).toContain('http://localhost:8080');
  const { server } = scene;
  const source = program.replace('http://localhost:8080', server.url);
  const child = new Child({ command: process.execPath, args: ['--input-type=module', '--eval', source], cwd: ROOT });
  try {
    await child.says(/\/demo\/hello \{ text: 'Hello from a program' \}/);
    await child.says(/that was all so far/);
    await server.kill('SIGKILL');
    await server.start();
    await scene.publisher().publish([{ mailbox: '/demo/later', data: { text: 'Later' } }]);
    await child.says(/\/demo\/later \{ text: 'Later' \}/);
  } finally {
    await child.kill('SIGKILL');
  }
});
