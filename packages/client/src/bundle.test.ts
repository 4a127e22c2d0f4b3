import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

/** What a page loads: measured as its bundler would make it. */

const BYTES_MAX = 10 * 1_024;

async function bundle(entry: string) {
  const built = await rolldown({
    input: fileURLToPath(new URL(entry, import.meta.url)),
    platform: 'browser',
    external: ['react'],
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    logLevel: 'silent',
  });
  const { output } = await built.generate({ format: 'esm', minify: true });
  await built.close();
  expect(output).toHaveLength(1);
  return output[0];
}

it('is at most 10 KB, minified and compressed, and imports nothing', async () => {
  const { code, imports, dynamicImports } = await bundle('./index.ts');
  expect([...imports, ...dynamicImports]).toEqual([]);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(BYTES_MAX);
});

it('adds to React only what a hook needs', async () => {
  const { code, imports } = await bundle('./react/index.ts');
  expect(imports).toEqual(['react']);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(1_024);
});
