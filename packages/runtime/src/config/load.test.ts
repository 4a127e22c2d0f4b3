import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RestanteError } from '@restante/protocol';
import { ConfigSchema } from '@restante/protocol/schemas';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from './load.js';
import { SETTINGS } from './settings.js';

const folder = mkdtempSync(join(tmpdir(), 'restante-config-'));
const before = process.cwd();

// An empty folder, so that no restante.yaml of whoever runs the tests is found.
beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

interface Given {
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string>>;
}

function load({ yaml, env = {}, flags = {} }: Given) {
  if (yaml !== undefined) writeFileSync('given.yaml', yaml);
  return loadConfig({ ...(yaml === undefined ? {} : { file: 'given.yaml' }), env, flags: new Map(Object.entries(flags)) });
}

function faultsOf(given: Given): string[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toBeInstanceOf(RestanteError);
    expect((error as RestanteError).code).toBe('CONFIG_INVALID');
    const lines = (error as RestanteError).message.split('\n').map((line) => line.trim());
    return lines.length === 1 ? lines : lines.slice(1);
  }
  throw new Error('nothing was refused');
}

const POLICY = 'namespaces: { "*": { read: public, publish: nobody } }\n';

describe('without a file', () => {
  it('is open, for a week and a GiB, on this machine alone', () => {
    const { config, file, warnings } = load({});
    expect({ ...config, namespaces: Object.fromEntries(config.namespaces) }).toEqual({
      backend: { kind: 'lmdb', folder: './data' },
      region: 'local',
      host: '127.0.0.1',
      port: 8080,
      cors: { origins: [] },
      durability: 'disk',
      reserveBytes: 64 * 1024 ** 2,
      logLevel: 'info',
      logFormat: 'auto',
      idWindowMs: 600_000,
      messageBytesMax: 512 * 1024,
      heartbeatMs: 15_000,
      socketHighWaterBytes: 64 * 1024,
      hotTailBytes: 64 * 1024 ** 2,
      ringBytes: 16 * 1024 ** 2,
      drainMs: 20_000,
      namespaces: { '*': { read: 'public', publish: 'public', snapshot: false, history: { ageMs: 7 * 86_400_000, bytes: 1024 ** 3 } } },
      open: true,
    });
    expect(file).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('reads restante.yaml where the command runs, if there is one', () => {
    writeFileSync('restante.yaml', 'port: 9001');
    expect(load({})).toMatchObject({ config: { port: 9001, open: true }, file: 'restante.yaml' });
    rmSync('restante.yaml');
  });
});

describe('file, environment, flags', () => {
  const cases: [string, Given, object][] = [
    ['takes the file', { yaml: 'port: 1' }, { port: 1 }],
    ['lets the environment win over the file', { yaml: 'port: 1', env: { RESTANTE_PORT: '2' } }, { port: 2 }],
    ['lets a flag win over both', { yaml: 'port: 1', env: { RESTANTE_PORT: '2' }, flags: { '--port': '3' } }, { port: 3 }],
    ['takes port 0', { flags: { '--port': '0' } }, { port: 0 }],
    ['names adminPort in the file', { yaml: 'adminPort: 9090' }, { adminPort: 9090 }],
    ['names it RESTANTE_ADMIN_PORT', { env: { RESTANTE_ADMIN_PORT: '9090' } }, { adminPort: 9090 }],
    ['names it --admin-port', { flags: { '--admin-port': '9090' } }, { adminPort: 9090 }],
    ['reads lists in the file', { yaml: 'cors: { origins: [https://a.org] }' }, { cors: { origins: ['https://a.org'] } }],
    [
      'reads lists by comma',
      { env: { RESTANTE_CORS_ORIGINS: 'https://a.org, https://b.org' } },
      { cors: { origins: ['https://a.org', 'https://b.org'] } },
    ],
    [
      'replaces a list as a whole',
      { yaml: 'cors: { origins: [https://a.org] }', flags: { '--cors-origins': '' } },
      { cors: { origins: [] } },
    ],
    ['counts an empty variable as not set', { env: { RESTANTE_PORT: '' } }, { port: 8080 }],
    ['reads sizes with a unit', { yaml: 'ringBytes: 1.5MiB' }, { ringBytes: 1_572_864 }],
    ['reads sizes in bytes', { env: { RESTANTE_RING_BYTES: '2097152' } }, { ringBytes: 2_097_152 }],
    ['reads durations with a unit', { flags: { '--drain-ms': '1.5s' } }, { drainMs: 1_500 }],
    ['reads durations in milliseconds', { yaml: 'drainMs: 250' }, { drainMs: 250 }],
    ['reads words', { env: { RESTANTE_LOG_LEVEL: 'debug', RESTANTE_DURABILITY: 'process' } }, { logLevel: 'debug', durability: 'process' }],
    ['opens memory:', { flags: { '--backend': 'memory:' } }, { backend: { kind: 'memory' } }],
    ['opens a folder', { env: { RESTANTE_BACKEND: 'lmdb:/var/lib/restante' } }, { backend: { kind: 'lmdb', folder: '/var/lib/restante' } }],
    ['takes an empty file for no settings', { yaml: '# nothing yet\n' }, { port: 8080, open: true }],
    ['takes the file that RESTANTE_CONFIG names', { env: { RESTANTE_CONFIG: 'other.yaml' } }, { region: 'eu' }],
  ];
  it.each(cases)('%s', (_, given, expected) => {
    writeFileSync('other.yaml', 'region: eu');
    expect(load(given).config).toMatchObject(expected);
  });

  it('reads the version of the file, and nothing from elsewhere', () => {
    const { config } = load({ yaml: 'version: 1' });
    expect(config).toEqual(load({}).config);
    expect(load({ env: { RESTANTE_VERSION: '1' } }).warnings).toEqual(['RESTANTE_VERSION is no setting and was ignored']);
  });

  it('reads every setting under all three of its names', () => {
    // Those of NATS count only with it: nats.test.ts.
    for (const { path, env, flag, schema } of SETTINGS.filter(({ path: [first] }) => first !== 'nats')) {
      const text = schema.type === 'array' ? 'https://x.org' : `${(schema.default as string | number | undefined) ?? 1234}`;
      const one = load({ env: { [env]: text } }).config;
      expect(load({ flags: { [flag]: text } }).config, flag).toEqual(one);
      const yaml = path.reduceRight<unknown>(
        (value, key) => ({ [key]: value }),
        schema.type === 'array' ? [text] : schema.type === 'integer' ? Number(text) : text,
      );
      expect(load({ yaml: JSON.stringify(yaml) }).config, path.join('.')).toEqual(one);
    }
  });

  it('warns about variables that are no settings, and about no others', () => {
    const env = { RESTANTE_PROT: '1', RESTANTE_NAMESPACES: 'x', RESTANTE_URL: 'http://x', PATH: '/bin', RESTANTE_PORT: '1' };
    expect(load({ env }).warnings).toEqual([
      'RESTANTE_NAMESPACES is no setting and was ignored',
      'RESTANTE_PROT is no setting and was ignored',
    ]);
  });
});

describe('namespaces', () => {
  it('come from the file, each with its policy and history', () => {
    const { config } = load({
      yaml: `namespaces:
  elections: { read: public, publish: nobody, snapshot: true, history: { age: 30d, bytes: 10GiB } }
  "*": { read: public, publish: public }`,
    });
    expect(config.open).toBe(false);
    expect([...config.namespaces]).toEqual([
      ['elections', { read: 'public', publish: 'nobody', snapshot: true, history: { ageMs: 30 * 86_400_000, bytes: 10 * 1024 ** 3 } }],
      ['*', { read: 'public', publish: 'public', snapshot: false, history: { ageMs: 7 * 86_400_000, bytes: 1024 ** 3 } }],
    ]);
  });

  it('let a server listen where others reach it', () => {
    expect(load({ yaml: `host: 0.0.0.0\n${POLICY}` }).config).toMatchObject({ host: '0.0.0.0', open: false });
  });
});

describe('faults', () => {
  const cases: [string, Given, string][] = [
    ['a flag by its name', { flags: { '--port': 'http' } }, '--port must be a whole number from 0 to 65535, not "http"'],
    [
      'a variable by its name',
      { env: { RESTANTE_ADMIN_PORT: '70000' } },
      'RESTANTE_ADMIN_PORT must be a whole number from 0 to 65535, not 70000',
    ],
    [
      'a setting of the file by file and path',
      { yaml: 'cors: { origins: [ftp://x] }' },
      'given.yaml: cors.origins must be an origin, such as https://example.org, or * for all, not "ftp://x"',
    ],
    ['a fraction', { yaml: 'port: 80.5' }, 'given.yaml: port must be a whole number from 0 to 65535, not 80.5'],
    ['text for a number in the file', { yaml: 'port: "8080"' }, 'given.yaml: port must be a whole number from 0 to 65535, not "8080"'],
    ['a word that is none of the choices', { flags: { '--durability': 'ram' } }, '--durability must be disk | process, not "ram"'],
    [
      'a size in decimal units',
      { yaml: 'ringBytes: 10MB' },
      'given.yaml: ringBytes must be a size, such as 64KiB or 10GiB, at least 1MiB, not "10MB"',
    ],
    [
      'a size below its least',
      { yaml: 'hotTailBytes: 1KiB' },
      'given.yaml: hotTailBytes must be a size, such as 64KiB or 10GiB, at least 1MiB, not "1KiB"',
    ],
    [
      'a duration with a size for unit',
      { yaml: 'drainMs: 5KiB' },
      'given.yaml: drainMs must be a duration, such as 15s or 30d, from 0ms to 10m, not "5KiB"',
    ],
    ['a list that is none', { yaml: 'cors: { origins: https://a.org }' }, 'given.yaml: cors.origins must be a list, not "https://a.org"'],
    ['a map that is none', { yaml: 'cors: yes' }, 'given.yaml: cors must be a map of settings'],
    ['an unknown key', { yaml: 'cors: { origin: [] }' }, 'given.yaml: cors.origin is no setting; there are origins'],
    ['a key that every object has', { yaml: 'cors: { constructor: 1 }' }, 'given.yaml: cors.constructor is no setting; there are origins'],
    ['a file that is a list', { yaml: '- port' }, 'given.yaml must be a map of settings'],
    [
      'broken YAML by its line',
      { yaml: 'port: 1\nhost: [' },
      'given.yaml is not valid YAML: the indentation is wrong, or a bracket is not closed, in line 2',
    ],
    [
      'a list that does not end',
      { yaml: 'port: [1,\n' },
      'given.yaml is not valid YAML: the indentation is wrong, or a bracket is not closed, in line 2',
    ],
    ['a key that comes twice', { yaml: 'port: 1\nport: 2' }, 'given.yaml is not valid YAML: a key comes twice in line 2'],
    [
      'a bare *',
      { yaml: 'namespaces:\n  *: { read: public, publish: public }' },
      'given.yaml is not valid YAML: the namespace * must stand in quotes, "*", in line 2',
    ],
    ['a form of a later release', { yaml: 'version: 2' }, 'given.yaml: version must be 1, the only one that this release knows, not 2'],
    ['a version that is none', { yaml: 'version: "1"' }, 'given.yaml: version must be 1, the only one that this release knows, not "1"'],
    ['a missing file', { env: { RESTANTE_CONFIG: 'absent.yaml' } }, 'absent.yaml cannot be read: ENOENT'],
    ['no namespace at all', { yaml: 'namespaces: {}' }, 'given.yaml: namespaces must not be empty'],
    ['a namespace without a policy', { yaml: 'namespaces:\n  users:' }, 'given.yaml: namespaces.users.read is missing: public | nobody'],
    [
      'a name that is none',
      { yaml: 'namespaces: { Users: { read: public, publish: public } }' },
      'given.yaml: namespaces.Users is no name of a namespace: 1 to 32 of a-z 0-9 -, or "*"',
    ],
    [
      'the reserved name of the rest',
      { yaml: 'namespaces: { _: { read: public, publish: public } }' },
      'given.yaml: namespaces._ is no name of a namespace',
    ],
    [
      'the reserved name of the protocol',
      { yaml: 'namespaces: { meta: { read: public, publish: public } }' },
      'given.yaml: namespaces.meta is reserved: names under /meta belong to the protocol',
    ],
    [
      'a policy that is none',
      { yaml: 'namespaces: { users: { read: all, publish: public } }' },
      'given.yaml: namespaces.users.read must be public | nobody, not "all"',
    ],
    [
      'a policy that asks for tokens',
      { yaml: 'namespaces: { "*": { read: token, publish: public } }' },
      'given.yaml: namespaces."*".read asks for a token, which this build cannot check; it has public and nobody',
    ],
    [
      'a policy that asks for the owner',
      { yaml: 'namespaces: { users: { read: owner, publish: public } }' },
      'given.yaml: namespaces.users.read asks for a token',
    ],
    [
      'a policy that asks for keys',
      { yaml: 'namespaces: { a: { read: public, publish: key } }' },
      'given.yaml: namespaces.a.publish asks for a key, which this build cannot check; it has public and nobody',
    ],
    [
      'a history that holds no message',
      { yaml: 'messageBytesMax: 2MiB\nnamespaces: { a: { read: public, publish: public, history: { bytes: 1MiB } } }' },
      'given.yaml: namespaces.a.history.bytes must hold at least one message of 2MiB (messageBytesMax)',
    ],
    [
      'another bind without a policy',
      { flags: { '--host': '0.0.0.0' } },
      '--host can be reached from other machines, which needs a policy: configure namespaces in the file, or listen on 127.0.0.1',
    ],
    ['the same port twice', { flags: { '--admin-port': '8080' } }, '--admin-port must differ from port'],
    [
      'a ring that holds no two messages',
      { env: { RESTANTE_RING_BYTES: '1MiB', RESTANTE_MESSAGE_BYTES_MAX: '1MiB' } },
      'RESTANTE_RING_BYTES must be at least twice messageBytesMax (1MiB)',
    ],
    ['a hot tail below the ring', { yaml: 'hotTailBytes: 2MiB' }, 'given.yaml: hotTailBytes must be at least ringBytes (16MiB)'],
    [
      'a backend of another build',
      { flags: { '--backend': 'redis://r' } },
      '--backend names a redis server, which this build cannot use; it has memory:, lmdb:<folder> and nats://<host>:<port>',
    ],
    [
      'a backend nobody knows',
      { env: { RESTANTE_BACKEND: 'mongodb://x' } },
      'RESTANTE_BACKEND must be one of memory:, lmdb:<folder> and nats',
    ],
    ['lmdb without a folder', { flags: { '--backend': 'lmdb:' } }, '--backend must name a folder: lmdb:./data'],
  ];
  it.each(cases)('name %s', (_, given, expected) => {
    expect(faultsOf(given)[0]).toContain(expected);
  });

  it('are reported together, whichever place they come from', () => {
    const given = {
      yaml: 'port: x\nnope: 1\nnamespaces: { "*": { read: token, publish: public } }',
      env: { RESTANTE_DRAIN_MS: 'soon' },
      flags: { '--backend': 'redis://r' },
    };
    expect(faultsOf(given).map((fault) => fault.split(' ')[fault.startsWith('given') ? 1 : 0])).toEqual([
      'port',
      'RESTANTE_DRAIN_MS',
      'nope',
      '--backend',
      'namespaces."*".read',
    ]);
  });

  it('of broken YAML are one, however many follow from it', () => {
    const yaml = 'namespaces:\n  news: { read: public, publish: nobody }\n  *:\n    read: public\n    publish: public\n';
    expect(faultsOf({ yaml })).toEqual(['given.yaml is not valid YAML: the namespace * must stand in quotes, "*", in line 3']);
  });

  it('of a form of a later release are one, whatever is new in it', () => {
    expect(faultsOf({ yaml: 'version: 2\nnext: 1\nport: any' })).toHaveLength(1);
  });

  it('of what was overridden are none', () => {
    expect(load({ yaml: 'port: x', flags: { '--port': '1' } }).config.port).toBe(1);
  });
});

describe('secrets', () => {
  it('come from the file that the variable with _FILE names', () => {
    writeFileSync('secret', 'memory:\n');
    expect(load({ env: { RESTANTE_BACKEND_FILE: 'secret' } }).config.backend).toEqual({ kind: 'memory' });
  });

  it('may not come from both', () => {
    expect(faultsOf({ env: { RESTANTE_BACKEND_FILE: 'secret', RESTANTE_BACKEND: 'memory:' } })).toEqual([
      'RESTANTE_BACKEND and RESTANTE_BACKEND_FILE are both set; keep one',
    ]);
  });

  it('in a file that is not there are a fault by the name of the variable', () => {
    expect(faultsOf({ env: { RESTANTE_BACKEND_FILE: 'absent' } })).toEqual([
      'RESTANTE_BACKEND_FILE names a file that cannot be read: ENOENT',
    ]);
  });

  it('are never repeated in a fault', () => {
    writeFileSync('secret', 'nats://me:hunter2@nats:x');
    const given: Given[] = [
      { env: { RESTANTE_BACKEND_FILE: 'secret' } },
      { flags: { '--backend': 'hunter2' } },
      { yaml: 'backend: [hunter2]' },
      { yaml: 'backend: "redis://:hunter2@r' },
    ];
    for (const one of given) expect(faultsOf(one).join()).not.toContain('hunter2');
  });
});

it('the published schema and what reads the configuration agree on what is well-formed', () => {
  const texts: [string, boolean][] = [
    ['port: 0', true],
    ['port: "1"', false],
    ['ringBytes: 10MiB', true],
    ['ringBytes: 10', false],
    ['ringBytes: 10 MiB', false],
    ['logLevel: loud', false],
    ['region: EU', false],
    ['cors: { origins: [https://a.org] }', true],
    ['cors: { origins: [a.org] }', false],
    ['unknown: 1', false],
    ['namespaces: {}', false],
    ['namespaces: { a: { read: public } }', false],
    ['namespaces: { a: { read: public, publish: nobody, history: { age: 1d } } }', true],
    ['namespaces: { A: { read: public, publish: nobody } }', false],
  ];
  for (const [yaml, valid] of texts) {
    expect(Value.Check(ConfigSchema, parse(yaml)), `schema: ${yaml}`).toBe(valid);
    if (valid) load({ yaml });
    else expect(faultsOf({ yaml }), yaml).not.toEqual([]);
  }
});
