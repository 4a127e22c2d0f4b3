import type { NatsBackendOptions } from './options.js';

/**
 * What keeps a NATS from being used as it is configured, in words: which setting, what is wrong, how to mend it. Pure, for the services
 * that refuse to start and for `doctor`. No secret is ever part of a text.
 */
export interface Finding {
  /** The setting that has the fault: of Restante (`nats.user`), or of the server (`max_payload`). */
  readonly subject: string;
  readonly text: string;
  /** It may pass by itself: nothing is wrong with the setting. */
  readonly passing: boolean;
}

/** Of a server, as its greeting tells. */
export interface ServerFacts {
  readonly version: string;
  readonly maxPayloadBytes: number;
}

/** JetStream before it loses messages in ways that the adapter cannot see. */
const SERVER_VERSION_MIN = '2.9.10';

/** Beside a message's body: its headers, those of JetStream, and the subject. */
const HEADERS_BYTES = 64 * 1024;

export function serverFindings({ version, maxPayloadBytes }: ServerFacts, { messageBytesMax }: { messageBytesMax: number }): Finding[] {
  const findings: Finding[] = [];
  if (isOlder(version, SERVER_VERSION_MIN)) {
    findings.push(
      lasting('nats-server', `its version is ${version}, and ${SERVER_VERSION_MIN} is the oldest that works: install a newer one`),
    );
  }
  const neededBytes = messageBytesMax + HEADERS_BYTES;
  if (maxPayloadBytes < neededBytes) {
    const text = `the server takes ${maxPayloadBytes} bytes, and messages of ${messageBytesMax} bytes need ${neededBytes} with their headers: raise max_payload in the server's configuration, or allow only smaller messages`;
    findings.push(lasting('max_payload', text));
  }
  return findings;
}

/** JetStream's number for an account that may not use it. */
const NOT_ENABLED_FOR_ACCOUNT = 10_039;
/** A cluster that has not yet elected who answers. */
const NOT_YET_AVAILABLE = 10_008;

/** Why JetStream did not answer the question about this account. */
export function jetStreamFinding(error: unknown): Finding {
  const chain = causes(error);
  const denied = chain.find((one) => one.name === 'PermissionViolationError');
  if (denied !== undefined) {
    return lasting('permissions', `this user may not ask JetStream: allow it to publish to $JS.API.> and to subscribe to _INBOX.>`);
  }
  const codes = chain.map((one) => one.code);
  if (codes.includes(NOT_ENABLED_FOR_ACCOUNT)) {
    return lasting('jetstream', `this user belongs to an account without JetStream: enable jetstream for the account`);
  }
  if (chain.some((one) => one.name === 'NoRespondersError')) {
    return lasting(
      'jetstream',
      'no server here runs JetStream: add jetstream to the configuration of the servers, with a store_dir that is kept',
    );
  }
  if (codes.includes(NOT_YET_AVAILABLE))
    return passing('jetstream', 'the cluster has not yet elected a leader: more than half of its servers must run');
  return passing(
    'jetstream',
    `JetStream does not answer (${chain[0]?.message ?? 'no reason given'}): more than half of the cluster's servers must run`,
  );
}

/** JetStream's numbers for more copies than there are servers for. */
const NOT_CLUSTERED = 10_074;
const NO_SUITABLE_PEERS = 10_005;

/** Why a stream was not made with so many copies; undefined: not because of them. */
export function replicasFinding(error: unknown, replicas: number): Finding | undefined {
  const codes = causes(error).map(({ code }) => code);
  if (codes.includes(NOT_CLUSTERED)) {
    return lasting(
      'nats.replicas',
      `each log is to be kept on ${replicas} servers, and this one stands alone: set it to 1, or name a cluster`,
    );
  }
  if (!codes.includes(NO_SUITABLE_PEERS)) return undefined;
  const text = `each log is to be kept on ${replicas} servers, and so many with room are not there: start the others, or set it to fewer`;
  return passing('nats.replicas', text);
}

/** Why a server did not take the connection. @param server `host:port` */
export function connectFinding(server: string, error: unknown, options: Pick<NatsBackendOptions, 'credentials' | 'tls'>): Finding {
  const chain = causes(error);
  const words = chain.map((one) => one.message).join('; ');
  const setting = credentialsSetting(options.credentials);
  if (chain.some((one) => one.name === 'UserAuthenticationExpiredError')) {
    return lasting(setting, `${server} says that the credentials have expired: get new ones`);
  }
  if (chain.some((one) => one.name === 'AuthorizationError')) {
    const text =
      options.credentials === undefined
        ? `${server} wants credentials, and none are configured: set nats.user, nats.token, nats.nkeySeed or nats.credentialsFile`
        : `${server} does not take the credentials: they must be those of a user that the server knows`;
    return lasting(setting, text);
  }
  if (/does not support 'tls'/.test(words)) {
    return lasting(
      'nats.tls',
      `${server} offers no encryption: configure tls in the server, or leave nats.tls out and write nats:// instead of tls://`,
    );
  }
  const tlsCode = chain.map((one) => `${one.code ?? ''}`).find((code) => TLS_CODES.test(code));
  if (tlsCode !== undefined) return tlsFinding(server, tlsCode, options.tls);
  const isTimeout = /timeout/i.test(words);
  const why = chain.map((one) => REACH[`${one.code ?? ''}`]).find((text) => text !== undefined) ?? (isTimeout ? REACH.ETIMEDOUT : words);
  // A server that wants a certificate closes the connection, and the client waits on.
  const isKeptWaiting = isTimeout && options.tls !== undefined && options.tls.cert === undefined;
  const certificate = isKeptWaiting ? ' If it wants a certificate of this process, set nats.tls.cert and nats.tls.key.' : '';
  return passing('backend', `${server} cannot be reached (${why}): is the address right, and does a NATS server run there?${certificate}`);
}

/** One sentence of all findings. */
export function wordsOf(findings: readonly Finding[]): string {
  return findings.map(({ subject, text }) => `${subject}: ${text}`).join('; ');
}

const REACH: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'no way to that host',
  ENETUNREACH: 'no way to that network',
  ETIMEDOUT: 'it did not answer in time',
};

const TLS_CODES = /CERT|_TLS_|ERR_SSL|_CA_|SELF_SIGNED|ERR_OSSL|SIGNATURE/;

function tlsFinding(server: string, code: string, tls: NatsBackendOptions['tls']): Finding {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return lasting('backend', `the certificate of ${server} is for another name (${code}): use a name that the certificate has`);
  }
  if (/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/.test(code))
    return lasting('nats.tls', `the certificate of ${server} is not valid now (${code}): renew it`);
  if (/ALERT|ERR_SSL/.test(code)) {
    const text =
      tls?.cert === undefined ? 'it may want a certificate: set nats.tls.cert and nats.tls.key' : 'it may not trust nats.tls.cert';
    return lasting('nats.tls.cert', `${server} ended the encrypted connection (${code}): ${text}`);
  }
  const mend =
    tls?.ca === undefined ? 'set nats.tls.ca to the authority that signed it' : 'nats.tls.ca must be the authority that signed it';
  return lasting('nats.tls.ca', `the certificate of ${server} is not trusted (${code}): ${mend}`);
}

function credentialsSetting(credentials: NatsBackendOptions['credentials']): string {
  if (credentials === undefined || 'user' in credentials) return 'nats.user';
  if ('token' in credentials) return 'nats.token';
  return 'nkeySeed' in credentials ? 'nats.nkeySeed' : 'nats.credentialsFile';
}

function lasting(subject: string, text: string): Finding {
  return { subject, text, passing: false };
}

function passing(subject: string, text: string): Finding {
  return { subject, text, passing: true };
}

interface Cause {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
}

/** An error and what was underneath: the client wraps what it meets. */
function causes(error: unknown): Cause[] {
  const found: Cause[] = [];
  for (let one = error; one instanceof Error && found.length < 8; one = one.cause) {
    const { code } = one as { code?: string | number };
    found.push({ name: one.constructor.name, message: one.message, code });
  }
  return found;
}

/** Only the three numbers count: a preview of a version is as good as the version. */
function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0, patch = 0] = numbersOf(version);
  const [wantedMajor = 0, wantedMinor = 0, wantedPatch = 0] = numbersOf(than);
  if (major !== wantedMajor) return major < wantedMajor;
  return minor === wantedMinor ? patch < wantedPatch : minor < wantedMinor;
}

function numbersOf(version: string): number[] {
  return (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
}
