import { readFileSync } from 'node:fs';
import type { NatsAddress } from './backend-address.js';
import type { Fault } from './read.js';

/**
 * A backend on NATS as it is configured: the servers, who this process is for them, and what it proves and trusts, read from its files.
 * What the servers say to that is found out where they are connected to.
 */

/** Who this process is: exactly one of these. */
export type NatsLogin =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  | { readonly nkeySeed: string }
  /** Text of a `.creds` file. */
  | { readonly credentials: string };

export interface NatsTarget {
  readonly kind: 'nats';
  /** `host:port` */
  readonly servers: readonly string[];
  /** Absent: the servers ask for none. */
  readonly login?: NatsLogin;
  /** Absent: the connection is encrypted only if the servers want it. PEM texts; without `ca`, the system's authorities. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly replicas?: number;
}

/** As the schema has it: paths instead of what lies there. */
export interface NatsSettings {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly nkeySeed?: string;
  readonly credentialsFile?: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly replicas?: number;
}

type Say = (path: readonly string[], text: string) => void;

/** Complete even where there are faults, so that more of them can be found. */
export function resolveNats(address: NatsAddress, settings: NatsSettings, faults: Fault[]): NatsTarget {
  const say: Say = (path, text) => void faults.push({ path: ['nats', ...path], text });
  const login = loginOf(address, settings, say);
  const tls = tlsOf(address, settings.tls ?? {}, say);
  return {
    kind: 'nats',
    servers: address.servers,
    ...(login === undefined ? {} : { login }),
    ...(tls === undefined ? {} : { tls }),
    ...(settings.replicas === undefined ? {} : { replicas: settings.replicas }),
  };
}

function loginOf(address: NatsAddress, settings: NatsSettings, say: Say): NatsLogin | undefined {
  const { user, password, token, nkeySeed, credentialsFile } = settings;
  if (user !== undefined && password === undefined) say(['user'], 'needs nats.password');
  if (password !== undefined && user === undefined) say(['password'], 'needs nats.user');
  if (typeof nkeySeed === 'string' && !/^SU[A-Z2-7]{56}$/.test(nkeySeed))
    say(['nkeySeed'], 'must be the seed of a user: SU and 56 of A-Z 2-7');
  const ways = [
    ...(address.credentials === undefined ? [] : ['the user or token in backend']),
    ...(user === undefined && password === undefined ? [] : ['nats.user']),
    ...(['token', 'nkeySeed', 'credentialsFile'] as const).filter((key) => settings[key] !== undefined).map((key) => `nats.${key}`),
  ];
  if (ways.length > 1) say([], `has more than one way of saying who this process is: ${ways.join(', ')}; keep one`);
  if (address.credentials !== undefined) return address.credentials;
  if (user !== undefined && password !== undefined) return { user, password };
  if (token !== undefined) return { token };
  if (nkeySeed !== undefined) return { nkeySeed };
  const credentials = fileText(credentialsFile, ['credentialsFile'], '-----BEGIN NATS USER JWT-----', say);
  return credentials === undefined ? undefined : { credentials };
}

function tlsOf({ encrypted }: NatsAddress, { ca, cert, key }: NonNullable<NatsSettings['tls']>, say: Say): NatsTarget['tls'] {
  if (cert !== undefined && key === undefined) say(['tls', 'cert'], 'needs nats.tls.key');
  if (key !== undefined && cert === undefined) say(['tls', 'key'], 'needs nats.tls.cert');
  const paths = { ca, cert, key };
  if (!encrypted && Object.values(paths).every((path) => path === undefined)) return undefined;
  const texts = Object.entries(paths).map(([name, path]) => [name, fileText(path, ['tls', name], '-----BEGIN ', say)] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

/** @param mark what is found in every file of the kind. */
function fileText(path: string | undefined, setting: readonly string[], mark: string, say: Say): string | undefined {
  // What is no path was reported as a fault of the setting.
  if (typeof path !== 'string' || path === '') return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes(mark)) return text;
    say(setting, `names a file that is of another kind: ${mark} is not in it`);
  } catch (error) {
    say(setting, `names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  return undefined;
}
