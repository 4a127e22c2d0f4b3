/** Addresses of backends: `memory:`, `lmdb:<folder>`, `nats://…`; those of adapters that this build does not have are known, and refused by name. */

export type BackendAddress = { readonly kind: 'memory' } | { readonly kind: 'lmdb'; readonly folder: string } | NatsAddress;

export interface NatsAddress {
  readonly kind: 'nats';
  /** `host:port`, at least one, none twice. */
  readonly servers: readonly string[];
  /** `tls://`: a connection that is not encrypted is refused. */
  readonly encrypted: boolean;
  /** What stands before the `@`: a user with a password, or a token alone, as everything that speaks NATS has it. */
  readonly credentials?: { readonly user: string; readonly password: string } | { readonly token: string };
}

const ABSENT = ['redis', 'rediss', 'valkey', 'valkeys'];
const PRESENT = 'memory:, lmdb:<folder> and nats://<host>:<port>';
const NATS_PORT = 4222;

/** @returns the address, or what is wrong with it; never the text itself, which may hold a password. */
export function parseBackendAddress(text: string): BackendAddress | string {
  const scheme = /^([a-z]+):/.exec(text)?.[1];
  if (text === 'memory:') return { kind: 'memory' };
  if (scheme === 'lmdb') {
    const folder = text.slice('lmdb:'.length);
    return folder === '' || folder.startsWith('//') ? 'must name a folder: lmdb:./data' : { kind: 'lmdb', folder };
  }
  if (scheme === 'nats' || scheme === 'tls') return parseNats(text, scheme);
  if (scheme !== undefined && ABSENT.includes(scheme)) return `names a ${scheme} server, which this build cannot use; it has ${PRESENT}`;
  return `must be one of ${PRESENT}`;
}

/** `nats://a:4222,nats://b:4222`; after the first, the scheme may be left out. */
function parseNats(text: string, scheme: 'nats' | 'tls'): NatsAddress | string {
  const servers = new Set<string>();
  const logins = new Set<string>();
  for (const item of text.split(',')) {
    const address = item.trim();
    const own = /^([a-z]+):\/\//.exec(address)?.[1] ?? scheme;
    if (own !== scheme) return 'must use one of nats:// and tls:// for all servers: there is one connection, encrypted or not';
    const server = parseServer(address.replace(/^[a-z]+:\/\//, ''));
    if (server === undefined)
      return `must be ${scheme}://<host>:<port>, several separated by commas; characters such as @ : / , in a password are written as %40 %3A %2F %2C`;
    servers.add(server.address);
    if (server.login !== undefined) logins.add(server.login);
  }
  if (logins.size > 1) return 'names different users: all servers must take the same one';
  const [login] = logins;
  return {
    kind: 'nats',
    servers: [...servers],
    encrypted: scheme === 'tls',
    ...(login === undefined ? {} : { credentials: credentialsOf(login) }),
  };
}

/** A login is a user with a password, or a token; a host is a name, an IPv4 address or an IPv6 address in brackets. */
const SERVER = /^(?:(?<login>[^:@/?#\s]+(?::[^@/?#\s]+)?)@)?(?<host>\[[\da-f:.]+\]|[^:@/?#[\]\s]+)(?::(?<port>\d+))?\/?$/i;

function parseServer(text: string): { readonly address: string; readonly login: string | undefined } | undefined {
  const { login, host, port = `${NATS_PORT}` } = SERVER.exec(text)?.groups ?? {};
  if (host === undefined || port === '0' || !URL.canParse(`nats://${host}:${port}`) || !isDecodable(login ?? '')) return undefined;
  return { address: `${host}:${port}`, login };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function credentialsOf(login: string): NonNullable<NatsAddress['credentials']> {
  const [user = '', ...password] = login.split(':');
  if (password.length === 0) return { token: decodeURIComponent(user) };
  return { user: decodeURIComponent(user), password: decodeURIComponent(password.join(':')) };
}
