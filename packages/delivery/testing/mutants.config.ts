import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';
import { type Mutant, MUTANTS } from './mutants.js';

/**
 * One project a mutant: its tests run over the source with that one change. `mutants.test.ts` starts this, and reads which tests
 * failed from the file that MUTANTS_REPORT names: `{ mutant: titles }`.
 */

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url));

function broken(mutant: Mutant): TestProjectInlineConfiguration {
  const file = SOURCE + mutant.file;
  return {
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        transform: (code, id) => (id === file ? { code: code.replace(mutant.find, () => mutant.replace), map: null } : undefined),
      },
    ],
    test: { name: mutant.name, root: SOURCE, include: [mutant.caughtBy[0]] },
  };
}

const failures: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const failed: Record<string, string[]> = {};
    for (const module of modules) {
      const titles = (failed[module.project.name] ??= []);
      for (const test of module.children.allTests('failed')) titles.push(test.name);
    }
    writeFileSync(process.env['MUTANTS_REPORT'] ?? '', JSON.stringify(failed));
  },
};

export default defineConfig({
  test: { pool: 'threads', isolate: false, maxWorkers: 2, reporters: [failures], projects: MUTANTS.map(broken) },
});
