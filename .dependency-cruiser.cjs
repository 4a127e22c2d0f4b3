/**
 * Who may import whom (ARCHITECTURE.md says why). Imports between workspaces are seen through their `exports`, so the build comes first;
 * whatever cannot be resolved is an error, because it would slip past every other rule. `scripts/architecture.test.ts` proves that each rule bites.
 */

/** What each package may import of the others. */
const PACKAGES = {
  protocol: [],
  delivery: ['protocol'],
  backend: ['protocol'],
  bayeux: ['protocol'],
  auth: ['protocol'],
  runtime: ['protocol'],
  http: ['protocol', 'backend', 'delivery', 'runtime', 'auth'],
  client: ['protocol'],
  testkit: ['protocol'],
};

/** Drivers of backing servers, and the one folder that may know each; the bench's yardstick is a bare driver, held against its adapter. */
const DRIVERS = {
  lmdb: 'packages/backend/src/lmdb',
  '@nats-io/[^/]+': 'packages/backend/src/nats|bench/src/cluster/yardstick',
  ioredis: 'packages/backend/src/redis',
  bullmq: 'services/courier/src',
};

const TESTS = '[.]test[.]ts$';
/** A contract suite is a test that the port exports; `testing` holds what only the tests beside it use. */
const PROOF = `(?:${TESTS}|/src/contract/|^(?:packages|services)/[^/]+/testing/)`;
const RUN_TIME = ['type-only', 'pre-compilation-only'];

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const betweenPackages = Object.entries(PACKAGES).map(([name, allowed]) =>
  forbid(
    `${name}-imports-only`,
    allowed.length === 0 ? `${name} imports no other package` : `${name} imports only ${allowed.join(', ')}`,
    { path: `^packages/${name}/`, pathNot: PROOF },
    { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
  ),
);

const betweenPackagesInTests = Object.entries(PACKAGES).map(([name, allowed]) =>
  forbid(
    `${name}-tests-import-only`,
    `tests of ${name} import what ${name} may import, and the testkit`,
    { path: PROOF, pathNot: `^(?!packages/${name}/)` },
    { path: '^packages/', pathNot: `^packages/(${[name, ...allowed, 'testkit'].join('|')})/` },
  ),
);

const drivers = Object.entries(DRIVERS).map(([driver, home]) =>
  forbid(
    `${driver.replaceAll(/[^a-z-]/g, '')}-only-in-its-adapter`,
    `only ${home.replace('|', ' and ')} imports ${driver}`,
    { pathNot: `^(${home})/` },
    { path: `(^|/)node_modules/${driver}/` },
  ),
);

module.exports = {
  forbidden: [
    forbid('resolvable', 'an import that does not resolve escapes every rule', {}, { couldNotResolve: true }),
    // Types are gone at run time: two modules may name each other's.
    forbid('no-cycles', 'no module needs itself', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    forbid('packages-import-no-service', 'packages never import services', { path: '^packages/' }, { path: '^services/' }),
    forbid(
      'services-stand-alone',
      'a service never imports another; services/restante, the composition root, imports them all',
      { path: '^services/([^/]+)/', pathNot: '^services/restante/' },
      { path: '^services/', pathNot: '^services/$1/' },
    ),
    forbid(
      'only-the-command-imports-services',
      'tests, benches, examples and scripts know the running command, or restante itself, not the services inside',
      { pathNot: '^services/' },
      { path: '^services/(?!restante/)' },
    ),
    forbid(
      'front-door',
      'a workspace is entered by what its package.json exports',
      { path: '^((?:packages|services)/[^/]+)/' },
      { path: '^(?:packages|services)/[^/]+/(?!dist/)', pathNot: '^$1/' },
    ),
    forbid(
      'front-door-from-outside',
      'a workspace is entered by what its package.json exports',
      { pathNot: '^(packages|services|scripts)/' },
      { path: '^(?:packages|services)/[^/]+/(?!dist/)' },
    ),
    forbid(
      'testkit-only-in-tests',
      'what ships never imports the testkit',
      { path: '^(packages|services|examples)/', pathNot: [PROOF, '^packages/testkit/'] },
      { path: '^packages/testkit/' },
    ),
    ...betweenPackages,
    ...betweenPackagesInTests,
    ...drivers,
    forbid(
      'pure-packages-touch-nothing',
      'delivery and bayeux have no I/O, no timers and no clock: no package from outside, and of Node only the byte buffer',
      { path: '^packages/(delivery|bayeux)/', pathNot: PROOF },
      {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '^packages/|^(node:)?buffer$',
      },
    ),
    forbid(
      'protocol-runs-anywhere',
      'protocol and client run in browsers: no Node built-in at run time',
      { path: '^packages/(protocol|client)/', pathNot: PROOF },
      { dependencyTypes: ['core'], dependencyTypesNot: RUN_TIME },
    ),
    forbid(
      'typebox-only-in-schemas',
      'of protocol only the schemas import typebox',
      { path: '^packages/protocol/', pathNot: `^packages/protocol/src/schemas/|${TESTS}` },
      { path: '(^|/)node_modules/typebox/' },
    ),
    forbid(
      'schemas-are-types-to-the-rest',
      'the main entry of protocol names the schemas as types only, so that typebox stays out of bundles',
      { path: '^packages/protocol/', pathNot: `^packages/protocol/src/schemas/|${TESTS}` },
      { path: '^packages/protocol/src/schemas/', dependencyTypesNot: RUN_TIME },
    ),
    forbid(
      'client-without-typebox',
      'typebox alone is twice the size of the client',
      { path: '^packages/client/', pathNot: PROOF },
      { path: '(^|/)node_modules/typebox/|^packages/protocol/dist/schemas/', dependencyTypesNot: RUN_TIME },
    ),
    forbid(
      'client-stands-alone',
      'what a page loads imports nothing at run time; the React entry imports React',
      { path: '^packages/client/src/', pathNot: PROOF },
      {
        path: '(^|/)node_modules/(?!typebox/)|^packages/protocol/dist/(?!schemas/)',
        pathNot: '(^|/)node_modules/(@types/)?react/',
        dependencyTypesNot: RUN_TIME,
      },
    ),
    forbid(
      'react-only-in-its-entry',
      'a page without React loads the client too',
      { path: '^packages/client/src/', pathNot: `^packages/client/src/react/|${TESTS}` },
      { path: '(^|/)node_modules/(@types/)?react/|^packages/client/src/react/' },
    ),
  ],
  options: {
    doNotFollow: { path: '(^|/)(node_modules|dist)/' },
    exclude: { path: '(^|/)[.]turbo/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
