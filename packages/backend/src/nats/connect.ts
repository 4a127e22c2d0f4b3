import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { RestanteError } from '@restante/protocol';
import { jetstreamManager } from '@nats-io/jetstream';
import {
  AuthorizationError,
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection as Client,
  nkeyAuthenticator,
  type NodeConnectionOptions,
  PermissionViolationError,
  type Status,
  tokenAuthenticator,
  UserAuthenticationExpiredError,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { connectFinding, type Finding, jetStreamFinding, serverFindings, wordsOf } from './faults.js';
import type { NatsBackendOptions, NatsCredentials, NatsTls } from './options.js';

/**
 * One connection to NATS that comes back by itself, for ever. The first time must succeed, and what is found then must be fit for use:
 * a fault of configuration is told at once, by the setting's name. What is published while the connection is down is lost or, worse,
 * kept without limit by the client: whoever publishes asks `isConnected` first (I7).
 */
export interface NatsConnection {
  readonly nc: Client;
  readonly isConnected: boolean;
  /** After the connection came back; the client has renewed the subscriptions by then. @returns ends it */
  onReconnect(callback: () => void): () => void;
  /** Why nothing works now, in words; undefined: connected. */
  trouble(): string | undefined;
  /** Sends what is under way, for a second at most, and closes. */
  close(): Promise<void>;
}

/** For a server to greet, and to take the login. */
const CONNECT_MS = 3_000;
/** Between two attempts at the same server, and half as much again at random, so that a thousand clients do not come at once. */
const RECONNECT_MS = 250;
/** A server that answers no ping for two of these is left: nobody else would notice one that is stopped, or cut off without a word. */
const PING_MS = 2_000;
const ACCOUNT_MS = 3_000;
const CLOSE_MS = 1_000;

/**
 * @throws RestanteError `LOG_UNAVAILABLE`: no server can be reached, or JetStream is not there yet · `BACKEND_REFUSED`: a setting must
 * change first · `CONFIG_INVALID`: the credentials or certificates are none.
 */
export async function connectNats(options: NatsBackendOptions): Promise<NatsConnection> {
  const clientOptions = toClientOptions(options);
  const nc = await connectFirst(options, clientOptions);
  const findings = await findingsOf(nc, options);
  if (findings.length > 0) {
    await nc.close();
    throw refusal(`NATS cannot be used as it is: ${wordsOf(findings)}`, findings);
  }
  return new Connection(nc, options);
}

/** Everything that is wrong with this NATS, of every server that was named; empty: nothing. For `doctor`. */
export async function diagnoseNats(options: NatsBackendOptions): Promise<readonly Finding[]> {
  const findings = await Promise.all(options.servers.map((server) => diagnoseServer(server, options)));
  return findings.flat();
}

async function diagnoseServer(server: string, options: NatsBackendOptions): Promise<Finding[]> {
  let nc: Client;
  try {
    nc = await connect({ ...toClientOptions(options), servers: [server] });
  } catch (error) {
    return [connectFinding(server, error, options)];
  }
  try {
    return await findingsOf(nc, options);
  } finally {
    await nc.close();
  }
}

async function connectFirst(options: NatsBackendOptions, clientOptions: NodeConnectionOptions): Promise<Client> {
  try {
    return await connect(clientOptions);
  } catch (error) {
    // The client tells only what the last server said; another one may have said what is really wrong.
    const findings =
      options.servers.length === 1
        ? [connectFinding(options.servers[0] as string, error, options)]
        : (await Promise.all(options.servers.map((server) => diagnoseServer(server, options)))).flat();
    throw refusal(`no NATS server took the connection: ${wordsOf(findings)}`, findings, error);
  }
}

async function findingsOf(nc: Client, options: NatsBackendOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { info } = nc;
  if (info !== undefined) findings.push(...serverFindings({ version: info.version, maxPayloadBytes: info.max_payload }, options));
  try {
    await jetstreamManager(nc, { timeout: ACCOUNT_MS });
  } catch (error) {
    findings.push(jetStreamFinding(error));
  }
  return findings;
}

function refusal(text: string, findings: readonly Finding[], cause?: unknown): RestanteError {
  const code = findings.every(({ passing }) => passing) ? 'LOG_UNAVAILABLE' : 'BACKEND_REFUSED';
  return new RestanteError(code, text, { cause });
}

/** @throws RestanteError `CONFIG_INVALID` */
function toClientOptions({ servers, credentials, tls, name }: NatsBackendOptions): NodeConnectionOptions {
  return {
    servers: [...servers],
    name,
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => RECONNECT_MS * (1 + Math.random() / 2),
    // Credentials that are refused now may be known again when the servers are all up.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(credentials === undefined ? {} : { authenticator: authenticatorOf(credentials) }),
    ...(tls === undefined ? {} : { tls: checkedTls(tls) }),
  };
}

function authenticatorOf(credentials: NatsCredentials): Authenticator {
  if ('user' in credentials) return usernamePasswordAuthenticator(credentials.user, credentials.password);
  if ('token' in credentials) return tokenAuthenticator(credentials.token);
  if ('nkeySeed' in credentials)
    return checked(nkeyAuthenticator(Buffer.from(credentials.nkeySeed)), 'nats.nkeySeed is not the seed of a user');
  return checked(credsAuthenticator(Buffer.from(credentials.credentials)), 'nats.credentialsFile does not hold a JWT and its seed');
}

/** The client would find out only when a server asks, and then close for good. */
function checked(authenticator: Authenticator, fault: string): Authenticator {
  try {
    authenticator('nonce');
    return authenticator;
  } catch {
    // The cause is left out: it may quote the secret.
    throw new RestanteError('CONFIG_INVALID', fault);
  }
}

function checkedTls({ ca, cert, key }: NatsTls): NatsTls {
  if (ca !== undefined && !isCertificate(ca)) throw new RestanteError('CONFIG_INVALID', 'nats.tls.ca is no certificate in PEM');
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new RestanteError('CONFIG_INVALID', 'nats.tls.cert and nats.tls.key are not a certificate in PEM and its key');
  }
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

/** A context would take any text for an authority. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

class Connection implements NatsConnection {
  readonly nc: Client;
  readonly #options: NatsBackendOptions;
  readonly #callbacks = new Set<() => void>();
  #connected = true;
  #closing = false;
  /** What the servers said last when they refused this process. */
  #refused: string | undefined;

  constructor(nc: Client, options: NatsBackendOptions) {
    this.nc = nc;
    this.#options = options;
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#connected && !this.#closing;
  }

  onReconnect(callback: () => void): () => void {
    const own = (): void => callback();
    this.#callbacks.add(own);
    return () => void this.#callbacks.delete(own);
  }

  trouble(): string | undefined {
    if (this.isConnected) return undefined;
    if (this.#closing) return 'the connection to NATS is closed';
    const why = this.#refused === undefined ? '' : `, which said: ${this.#refused}`;
    return `no connection to NATS (${this.#options.servers.join(', ')})${why}; trying again`;
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    const wasConnected = this.#connected;
    this.#closing = true;
    if (wasConnected) {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([this.nc.flush().catch(() => undefined), enough]);
      clearTimeout(timer);
    }
    await this.nc.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) this.#onStatus(status);
  }

  #onStatus(status: Status): void {
    const tell = this.#options.onEvent ?? (() => undefined);
    if (status.type === 'disconnect') {
      // Told again at every attempt that fails half-way; the first one says it.
      if (this.#connected && !this.#closing) tell({ type: 'disconnected', server: status.server });
      this.#connected = false;
    } else if (status.type === 'reconnect') {
      this.#connected = true;
      this.#refused = undefined;
      tell({ type: 'reconnected', server: status.server });
      for (const callback of [...this.#callbacks]) callback();
    } else if (status.type === 'close') {
      this.#connected = false;
    } else if (status.type === 'ldm') {
      tell({ type: 'server-leaving', server: status.server });
    } else if (status.type === 'error') {
      this.#onError(status.error, tell);
    }
  }

  #onError(error: Error, tell: NonNullable<NatsBackendOptions['onEvent']>): void {
    if (error instanceof PermissionViolationError) {
      tell({ type: 'denied', operation: error.operation, subject: error.subject });
    } else if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError) {
      if (this.#refused !== error.message) tell({ type: 'refused', text: error.message });
      this.#refused = error.message;
    } else if (/slow consumer/i.test(error.message)) {
      tell({ type: 'slow-consumer', server: this.nc.getServer() });
    } else {
      tell({ type: 'server-error', text: error.message });
    }
  }
}
