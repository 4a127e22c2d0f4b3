import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** The proof that time, timers and randomness cannot get into the pure packages unseen: the linter's own rules over planted lines. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const IMPURE = [
  'Date.now()',
  'new Date()',
  'Math.random()',
  'performance.now()',
  'setTimeout(() => 1, 1)',
  'setInterval(() => 1, 1)',
  'setImmediate(() => 1)',
  'queueMicrotask(() => 1)',
  'crypto.randomUUID()',
  'process.pid',
  'process.hrtime.bigint()',
  'globalThis.Date',
  'console.log(1)',
  "fetch('http://localhost')",
];

/** The lines of the planted file that the linter refuses as impure. */
function refusedLines(file: string): number[] {
  const tree = mkdtempSync(join(tmpdir(), 'restante-purity-'));
  try {
    cpSync(join(ROOT, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
    mkdirSync(join(tree, file, '..'), { recursive: true });
    writeFileSync(join(tree, file), IMPURE.map((line, i) => `export const planted${i} = ${line};\n`).join(''));
    const refused = lint(tree, file).filter(({ code }) => /no-restricted-(globals|properties)/.test(code));
    return [...new Set(refused.flatMap(({ labels }) => labels.map(({ span }) => span.line)))].sort((a, b) => a - b);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

interface Diagnostic {
  readonly code: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

function lint(folder: string, file: string): Diagnostic[] {
  const args = ['--format', 'json', '-c', '.oxlintrc.json', file];
  let output: string;
  try {
    output = execFileSync(join(ROOT, 'node_modules/.bin/oxlint'), args, { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  return (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics;
}

it.each(['packages/delivery/src/edge/planted.ts', 'packages/bayeux/src/planted.ts'])(
  'refuses every clock, timer, die and effect in %s',
  (file) => {
    expect(refusedLines(file)).toEqual(IMPURE.map((_, i) => i + 1));
  },
);

it('lets a test and a service have them', () => {
  expect(refusedLines('packages/delivery/src/planted.test.ts')).toEqual([]);
  expect(refusedLines('services/edge/src/planted.ts')).toEqual([]);
});
