import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

/**
 * The proof that the architecture is kept by a tool and not by good will: a small copy of the layout, with one file planted per violation,
 * goes through the very rules of `npm run check:architecture`. Each plant must be found under its rule, and nothing else may be.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Packages from outside that the rules speak of; stand-ins are enough, since only their place counts. */
const DRIVERS = ['lmdb', 'ioredis', 'bullmq', '@nats-io/jetstream', 'typebox', 'fastify', 'react'];
const WORKSPACES = {
  packages: ['protocol', 'delivery', 'backend', 'bayeux', 'auth', 'runtime', 'http', 'client', 'testkit'],
  services: ['edge', 'router', 'gateway', 'courier', 'restante'],
};

/** What is allowed, each of it near a rule that must not bite. */
const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ['packages/auth/src/chicken.ts', `export const a = 1;`],
  ['packages/auth/src/egg.ts', `import './chicken.js';`],
  ['packages/runtime/src/one.ts', `import type { Two } from './two.js';\nexport type One = Two;`],
  ['packages/runtime/src/two.ts', `import type { One } from './one.js';\nexport type Two = One;`],
  ['packages/protocol/src/main.ts', `import type { shape } from './schemas/shape.js';\nexport type Shape = typeof shape;`],
  ['packages/protocol/src/schemas/shape.ts', `import 'typebox';\nexport const shape = 1;`],
  ['packages/protocol/src/node-types.ts', `import type { Server } from 'node:net';\nexport type S = Server;`],
  ['packages/delivery/src/frames.ts', `import { Buffer } from 'node:buffer';\nimport '@restante/protocol';\nexport const b = Buffer;`],
  ['packages/delivery/src/model.test.ts', `import 'node:fs';\nimport '@restante/testkit';`],
  ['packages/delivery/testing/world.ts', `import 'node:fs';\nimport '@restante/testkit';`],
  ['packages/backend/src/lmdb/store.ts', `import 'lmdb';\nimport 'node:fs';\nimport '@restante/protocol';`],
  ['packages/backend/src/nats/stream.ts', `import '@nats-io/jetstream';`],
  ['packages/backend/src/redis/script.ts', `import 'ioredis';`],
  ['bench/src/cluster/yardstick/main.ts', `import '@nats-io/jetstream';`],
  ['packages/backend/src/contract/log-contract.ts', `import '@restante/testkit';`],
  [
    'packages/http/src/routes.ts',
    ['protocol', 'backend', 'delivery', 'runtime', 'auth'].map((name) => `import '@restante/${name}';`).join('\n') + `\nimport 'fastify';`,
  ],
  ['packages/client/src/shapes.ts', `import type { Server } from '@restante/protocol';\nexport type S = Server;`],
  ['packages/client/src/react/hook.ts', `import 'react';\nimport '../shapes.js';`],
  ['services/courier/src/queue.ts', `import 'bullmq';`],
  ['services/edge/src/start.ts', `import '@restante/delivery';\nimport 'node:http';`],
  ['services/restante/src/start.ts', `import '@restante/edge';\nimport '@restante/router';\nimport '@restante/gateway';`],
  ['test/e2e/command.test.ts', `import '@restante/testkit';\nimport 'restante';`],
];

/** One violation a row, and the rule that must find it. */
const PLANTED: readonly (readonly [rule: string, file: string, source: string])[] = [
  ['resolvable', 'packages/http/src/gone.ts', `import '@restante/nowhere';`],
  ['resolvable', 'packages/http/src/back-door.ts', `import '@restante/protocol/dist/index.js';`],
  ['no-cycles', 'packages/auth/src/chicken.ts', `import './egg.js';`],
  ['packages-import-no-service', 'packages/backend/src/knows-a-service.ts', `import 'restante';`],
  ['services-stand-alone', 'services/gateway/src/knows-the-edge.ts', `import '@restante/edge';`],
  ['services-stand-alone', 'services/edge/src/knows-the-command.ts', `import 'restante';`],
  ['only-the-command-imports-services', 'test/e2e/inside.test.ts', `import '@restante/router';`],
  ['front-door', 'packages/http/src/over-the-wall.ts', `import '../../protocol/src/main.js';`],
  ['front-door-from-outside', 'test/e2e/over-the-wall.test.ts', `import '../../packages/protocol/src/main.js';`],
  ['testkit-only-in-tests', 'services/edge/src/ships-the-testkit.ts', `import '@restante/testkit';`],
  ['protocol-imports-only', 'packages/protocol/src/climbs.ts', `import '@restante/auth';`],
  ['delivery-imports-only', 'packages/delivery/src/climbs.ts', `import '@restante/backend';`],
  ['backend-imports-only', 'packages/backend/src/climbs.ts', `import '@restante/runtime';`],
  ['bayeux-imports-only', 'packages/bayeux/src/climbs.ts', `import '@restante/delivery';`],
  ['auth-imports-only', 'packages/auth/src/climbs.ts', `import '@restante/runtime';`],
  ['runtime-imports-only', 'packages/runtime/src/climbs.ts', `import '@restante/backend';`],
  ['http-imports-only', 'packages/http/src/climbs.ts', `import '@restante/bayeux';`],
  ['client-imports-only', 'packages/client/src/climbs.ts', `import '@restante/delivery';`],
  ['testkit-imports-only', 'packages/testkit/src/climbs.ts', `import '@restante/backend';`],
  ['delivery-tests-import-only', 'packages/delivery/src/climbs.test.ts', `import '@restante/backend';`],
  ['lmdb-only-in-its-adapter', 'packages/backend/src/memory/shortcut.ts', `import 'lmdb';`],
  ['nats-io-only-in-its-adapter', 'packages/backend/src/redis/wrong-driver.ts', `import '@nats-io/jetstream';`],
  ['nats-io-only-in-its-adapter', 'bench/src/cluster/shortcut.ts', `import '@nats-io/jetstream';`],
  ['ioredis-only-in-its-adapter', 'services/router/src/shortcut.ts', `import 'ioredis';`],
  ['bullmq-only-in-its-adapter', 'services/gateway/src/shortcut.ts', `import 'bullmq';`],
  ...['fs', 'net', 'timers', 'timers/promises', 'perf_hooks', 'crypto', 'process'].map(
    (name) => ['pure-packages-touch-nothing', `packages/delivery/src/uses-${name.replace('/', '-')}.ts`, `import 'node:${name}';`] as const,
  ),
  ['pure-packages-touch-nothing', 'packages/bayeux/src/uses-timers.ts', `import 'node:timers';`],
  ['pure-packages-touch-nothing', 'packages/bayeux/src/uses-fastify.ts', `import 'fastify';`],
  ['protocol-runs-anywhere', 'packages/protocol/src/uses-crypto.ts', `import 'node:crypto';`],
  ['protocol-runs-anywhere', 'packages/client/src/uses-http.ts', `import 'node:http';`],
  ['typebox-only-in-schemas', 'packages/protocol/src/own-shape.ts', `import 'typebox';`],
  ['schemas-are-types-to-the-rest', 'packages/protocol/src/index-at-run-time.ts', `export * from './schemas/shape.js';`],
  ['client-stands-alone', 'packages/client/src/uses-names.ts', `import '@restante/protocol';`],
  ['react-only-in-its-entry', 'packages/client/src/uses-react.ts', `import 'react';`],
  ['client-without-typebox', 'packages/client/src/checks.ts', `import '@restante/protocol/schemas';`],
];

let tree: string;

function write(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), `${text}\n`);
}

/** A workspace as npm links it: entered by its exports, which point at what the build makes. */
function addWorkspace(folder: string, name: string): void {
  const exported = { '.': './dist/index.js', ...(name === '@restante/protocol' ? { './schemas': './dist/schemas/index.js' } : {}) };
  write(`${folder}/package.json`, JSON.stringify({ name, type: 'module', exports: exported }));
  write(`${folder}/dist/index.js`, 'export {};');
  write(`${folder}/dist/schemas/index.js`, 'export {};');
  write(`${folder}/src/index.ts`, 'export {};');
  mkdirSync(join(tree, 'node_modules', dirname(name)), { recursive: true });
  symlinkSync(join(tree, folder), join(tree, 'node_modules', name));
}

/** Runs the tool as `npm run check:architecture` does; violations as `rule file`. */
function violations(folder: string): string[] {
  let output: string;
  try {
    output = execFileSync(
      process.execPath,
      [join(ROOT, 'node_modules/.bin/depcruise'), '--output-type', 'json', 'packages', 'services', 'test', 'bench'],
      {
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    );
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  const { summary } = JSON.parse(output) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return [...new Set(summary.violations.map(({ rule, from }) => `${rule.name} ${from}`))].sort();
}

beforeAll(() => {
  tree = realpathSync(mkdtempSync(join(tmpdir(), 'restante-architecture-')));
  cpSync(join(ROOT, '.dependency-cruiser.cjs'), join(tree, '.dependency-cruiser.cjs'));
  write('package.json', JSON.stringify({ name: 'tree', private: true, workspaces: ['packages/*', 'services/*'] }));
  for (const name of WORKSPACES.packages) addWorkspace(`packages/${name}`, `@restante/${name}`);
  for (const name of WORKSPACES.services) addWorkspace(`services/${name}`, name === 'restante' ? name : `@restante/${name}`);
  for (const name of DRIVERS) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', exports: './index.js' }));
    write(`node_modules/${name}/index.js`, 'export {};');
  }
  for (const [file, source] of ALLOWED) write(file, source);
});

afterAll(() => rmSync(tree, { recursive: true }));

it('finds nothing in a tree that keeps the rules', () => {
  expect(violations(tree)).toEqual([]);
});

it('finds each planted violation, under its rule, in its file', () => {
  for (const [, file, source] of PLANTED) write(file, source);
  const found = violations(tree);
  expect(found).toEqual(expect.arrayContaining(PLANTED.map(([rule, file]) => `${rule} ${file}`)));
  const planted = new Set(PLANTED.map(([, file]) => file));
  expect(found.filter((violation) => !planted.has(violation.slice(violation.indexOf(' ') + 1)))).toEqual([]);
});

it('has a plant for every rule, but for those that only repeat one for the tests of another package', () => {
  const rules = execFileSync(
    process.execPath,
    ['-p', `JSON.stringify(require('./.dependency-cruiser.cjs').forbidden.map((r) => r.name))`],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  const unproven = (JSON.parse(rules) as string[]).filter((rule) => !PLANTED.some(([planted]) => planted === rule));
  expect(unproven.every((rule) => rule.endsWith('-tests-import-only'))).toBe(true);
});
