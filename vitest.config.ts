import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/**
 * One project a kind of proof. `unit` stands beside the code and runs in parallel; the others start processes and measure, so their
 * files run one after another: two cores are all that they may count on.
 */

const full = process.env.RESTANTE_TEST_FULL === '1';
const results = process.env.RESTANTE_TEST_RESULTS;

const SECOND = 1_000;

/** What does not fit into the twelve minutes of `npm test`, and is run by `npm run test:full` alone. */
const LONG = [
  'test/chaos/client-frozen.test.ts',
  'test/chaos/clients-vanish.test.ts',
  'test/chaos/clock-jump.test.ts',
  'test/chaos/nats-gone.test.ts',
  'test/chaos/rolling-restart.test.ts',
  'test/chaos/stream-leader-killed.test.ts',
  'test/e2e/nats-servers.test.ts',
];

function slow(name: string, testTimeoutMs: number): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      exclude: full ? [] : LONG,
      fileParallelism: false,
      testTimeout: full ? testTimeoutMs * 10 : testTimeoutMs,
      hookTimeout: 60 * SECOND,
    },
  };
}

export default defineConfig({
  test: {
    passWithNoTests: false,
    allowOnly: false,
    // A file that a test compares with is written only by `npm run docs`.
    update: 'none',
    pool: 'forks',
    maxWorkers: 2,
    teardownTimeout: 10 * SECOND,
    reporters: results === undefined ? ['default'] : ['dot', ['json', { outputFile: results }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,services}/*/src/**/*.test.ts', '{scripts,bench,examples}/**/*.test.ts'],
          testTimeout: 20 * SECOND,
          hookTimeout: 20 * SECOND,
        },
      },
      slow('e2e', 60 * SECOND),
      slow('browser', 60 * SECOND),
      slow('chaos', 180 * SECOND),
      slow('compat', 60 * SECOND),
      // As long as one asks for: `npm run chaos`.
      { extends: true, test: { name: 'soak', include: ['test/chaos/**/*.soak.ts'], fileParallelism: false } },
    ],
  },
});
