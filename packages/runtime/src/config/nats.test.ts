import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RestanteError } from '@restante/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from './load.js';
import { SETTINGS } from './settings.js';

const folder = mkdtempSync(join(tmpdir(), 'restante-nats-config-'));
const SEED = `SU${'A'.repeat(56)}`;
const JWT = '-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n';
const pem = (name: string): string => `-----BEGIN ${name}-----\nx\n-----END ${name}-----\n`;
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  for (const [name, text] of [
    ['user.creds', JWT],
    ['ca.pem', pem('CERTIFICATE')],
    ['cert.pem', pem('CERTIFICATE')],
    ['key.pem', pem('PRIVATE KEY')],
    ['secret', 'hunter2\n'],
    ['seed', `${SEED}\n`],
  ] as const)
    writeFileSync(file(name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

type Env = Readonly<Record<string, string>>;

function load(env: Env, yaml = 'backend: nats://a\n') {
  writeFileSync(file('restante.yaml'), yaml);
  return loadConfig({ file: file('restante.yaml'), env, flags: new Map() });
}

const targetOf = (env: Env) => load(env).config.backend;

function faultOf(env: Env): string {
  try {
    load(env);
  } catch (error) {
    expect((error as RestanteError).code).toBe('CONFIG_INVALID');
    return (error as RestanteError).message.replaceAll(folder, '');
  }
  throw new Error('nothing was refused');
}

describe('who this process is for the NATS servers', () => {
  const cases: [string, Env, object][] = [
    ['a user with its password', { RESTANTE_NATS_USER: 'me', RESTANTE_NATS_PASSWORD: 'x' }, { user: 'me', password: 'x' }],
    [
      'a password from a file',
      { RESTANTE_NATS_USER: 'me', RESTANTE_NATS_PASSWORD_FILE: file('secret') },
      { user: 'me', password: 'hunter2' },
    ],
    ['a token', { RESTANTE_NATS_TOKEN: 'x' }, { token: 'x' }],
    ['a token from a file', { RESTANTE_NATS_TOKEN_FILE: file('secret') }, { token: 'hunter2' }],
    ['the seed of an NKey', { RESTANTE_NATS_NKEY_SEED: SEED }, { nkeySeed: SEED }],
    ['a seed from a file', { RESTANTE_NATS_NKEY_SEED_FILE: file('seed') }, { nkeySeed: SEED }],
    ['what is in a credentials file', { RESTANTE_NATS_CREDENTIALS_FILE: file('user.creds') }, { credentials: JWT }],
    ['the user of the address', { RESTANTE_BACKEND: 'nats://me:x@a' }, { user: 'me', password: 'x' }],
  ];
  it.each(cases)('is %s', (_, env, login) => {
    expect(targetOf(env)).toEqual({ kind: 'nats', servers: ['a:4222'], login });
  });

  it('is nobody where nothing says it', () => {
    expect(targetOf({})).toEqual({ kind: 'nats', servers: ['a:4222'] });
  });

  it('stands in the file too', () => {
    expect(load({}, 'backend: nats://a\nnats: { user: me, password: x, replicas: 5 }').config.backend).toEqual({
      kind: 'nats',
      servers: ['a:4222'],
      login: { user: 'me', password: 'x' },
      replicas: 5,
    });
  });
});

describe('encryption', () => {
  it('is asked for by tls:// alone', () => {
    expect(targetOf({ RESTANTE_BACKEND: 'tls://a' })).toEqual({ kind: 'nats', servers: ['a:4222'], tls: {} });
  });

  it('takes the texts of its files', () => {
    const env = { RESTANTE_NATS_TLS_CA: file('ca.pem'), RESTANTE_NATS_TLS_CERT: file('cert.pem'), RESTANTE_NATS_TLS_KEY: file('key.pem') };
    expect(targetOf(env)).toMatchObject({ tls: { ca: pem('CERTIFICATE'), cert: pem('CERTIFICATE'), key: pem('PRIVATE KEY') } });
  });
});

it('replicas are those of the backend, and a namespace may have its own', () => {
  const { config } = load(
    { RESTANTE_NATS_REPLICAS: '3' },
    'backend: nats://a\nnamespaces: { a: { read: public, publish: public, replicas: 1 }, b: { read: public, publish: public } }',
  );
  expect(config.backend).toMatchObject({ replicas: 3 });
  expect([...config.namespaces].map(([name, { replicas }]) => [name, replicas])).toEqual([
    ['a', 1],
    ['b', undefined],
  ]);
});

describe('faults', () => {
  const cases: [string, Env, string][] = [
    ['a user without a password', { RESTANTE_NATS_USER: 'me' }, 'RESTANTE_NATS_USER needs nats.password'],
    ['a password without a user', { RESTANTE_NATS_PASSWORD: 'hunter2' }, 'RESTANTE_NATS_PASSWORD needs nats.user'],
    [
      'two ways of saying who one is',
      { RESTANTE_NATS_TOKEN: 'hunter2', RESTANTE_BACKEND: 'nats://me:hunter2@a' },
      'nats has more than one way of saying who this process is: the user or token in backend, nats.token; keep one',
    ],
    [
      'a seed that is none',
      { RESTANTE_NATS_NKEY_SEED: 'hunter2' },
      'RESTANTE_NATS_NKEY_SEED must be the seed of a user: SU and 56 of A-Z 2-7',
    ],
    [
      'a credentials file that is not there',
      { RESTANTE_NATS_CREDENTIALS_FILE: file('absent') },
      'RESTANTE_NATS_CREDENTIALS_FILE names a file that cannot be read: ENOENT',
    ],
    [
      'a credentials file that is something else',
      { RESTANTE_NATS_CREDENTIALS_FILE: file('secret') },
      'RESTANTE_NATS_CREDENTIALS_FILE names a file that is of another kind: -----BEGIN NATS USER JWT----- is not in it',
    ],
    ['an authority that is none', { RESTANTE_NATS_TLS_CA: file('secret') }, 'RESTANTE_NATS_TLS_CA names a file that is of another kind'],
    ['a certificate without a key', { RESTANTE_NATS_TLS_CERT: file('cert.pem') }, 'RESTANTE_NATS_TLS_CERT needs nats.tls.key'],
    ['a key without a certificate', { RESTANTE_NATS_TLS_KEY: file('key.pem') }, 'RESTANTE_NATS_TLS_KEY needs nats.tls.cert'],
    [
      'more replicas than there can be',
      { RESTANTE_NATS_REPLICAS: '6' },
      'RESTANTE_NATS_REPLICAS must be a whole number from 1 to 5, not 6',
    ],
    ['an address that is none', { RESTANTE_BACKEND: 'nats://me:hunter2@a:b' }, 'RESTANTE_BACKEND must be nats://<host>:<port>'],
  ];
  it.each(cases)('name %s, and no secret', (_, env, said) => {
    const fault = faultOf(env);
    expect(fault).toContain(said);
    expect(fault).not.toContain('hunter2');
  });
});

it('with another backend each of its settings is only remarked on, since a file may be tried out with memory:', () => {
  const settings = SETTINGS.filter(({ path: [first] }) => first === 'nats');
  expect(settings).toHaveLength(9);
  for (const { env, schema } of settings) {
    expect(load({ [env]: schema.type === 'integer' ? '3' : file('absent') }, 'backend: "memory:"').warnings).toEqual([
      `${env} is not used: it is for a backend on NATS`,
    ]);
  }
  const { warnings } = load(
    {},
    'backend: "memory:"\nnats: { user: me }\nnamespaces: { a: { read: public, publish: public, replicas: 3 } }',
  );
  expect(warnings.map((warning) => warning.replaceAll(`${folder}/`, ''))).toEqual([
    'restante.yaml: nats.user is not used: it is for a backend on NATS',
    'restante.yaml: namespaces.a.replicas is not used: it is for a backend on NATS',
  ]);
});
