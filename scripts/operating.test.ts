import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** What docs/operating says in numbers and names, and the code says too. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

it('the paces in faults.md are those of the code', () => {
  const rows = [...read('docs/operating/faults.md').matchAll(/^\| .+ \| ([\d,]+) \| `([\w/.-]+): (\w+)` \|$/gm)];
  expect(rows.length).toBeGreaterThan(8);
  for (const [, value = '', file = '', name = ''] of rows) {
    const said = new RegExp(`\\b${name}(?: =|:) ([\\d_]+)[;,]`).exec(read(file))?.[1];
    expect(said?.replaceAll('_', ''), name).toBe(value.replaceAll(',', ''));
  }
});

it('watching.md has every metric that the code makes, and no other', () => {
  const sources = execFileSync('git', ['ls-files', 'packages/*/src/*.ts', 'services/*/src/*.ts'], { cwd: ROOT, encoding: 'utf8' });
  const made = sources
    .split('\n')
    .filter((file) => file !== '' && !file.endsWith('.test.ts'))
    .flatMap((file) => [...read(file).matchAll(/\b(?:gauge|counter|histogram)\(\s*'(restante_\w+)'/g)].map(([, name = '']) => name));
  const documented = [...read('docs/operating/watching.md').matchAll(/^\| `(restante_\w+)` \|/gm)].map(([, name = '']) => name);
  expect(documented.toSorted()).toEqual([...new Set<string>(made)].toSorted());
});

it('every line of the log in watching.md is one that the code writes', () => {
  const [, table = ''] = read('docs/operating/watching.md').split('## Lines of the log');
  const lines = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, line = '']) => line);
  const sources = ['services/restante/src/nats-backend.ts', 'services/router/src/served-log.ts'].map(read).join('');
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.filter((line) => !sources.includes(line))).toEqual([]);
});
