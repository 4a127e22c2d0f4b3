/** A NATS whose users prove themselves by JWTs: an operator with one account for its one user, made for a test. */

export interface Operator {
  /** Lines for the server's configuration. */
  readonly config: string;
  /** Text of the user's `.creds` file. */
  readonly credentials: string;
}

interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
  sign(data: Uint8Array): Uint8Array;
}

/** The driver's, which only its adapter may import. */
interface KeyPairs {
  createOperator(): KeyPair;
  createAccount(): KeyPair;
  createUser(): KeyPair;
}

export function createOperator(nkeys: KeyPairs): Operator {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const system = nkeys.createAccount();
  const user = nkeys.createUser();
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const accountLimits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetStreamLimits = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorJwt = signed(operator, operator, { type: 'operator' });
  const accountJwt = signed(operator, account, { type: 'account', limits: { ...accountLimits, ...jetStreamLimits } });
  const systemJwt = signed(operator, system, { type: 'account', limits: accountLimits });
  const userJwt = signed(account, user, { type: 'user', pub: {}, sub: {}, ...unlimited });
  const seed = Buffer.from(user.getSeed()).toString();
  return {
    config: [
      `operator: ${operatorJwt}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
    ].join('\n'),
    credentials: [
      '-----BEGIN NATS USER JWT-----',
      userJwt,
      '------END NATS USER JWT------',
      '-----BEGIN USER NKEY SEED-----',
      seed,
      '------END USER NKEY SEED------',
      '',
    ].join('\n'),
  };
}

function signed(issuer: KeyPair, subject: KeyPair, claims: object): string {
  const sub = subject.getPublicKey();
  const body = { jti: sub, iat: 1_700_000_000, iss: issuer.getPublicKey(), name: 'test', sub, nats: { ...claims, version: 2 } };
  const text = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded(body)}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
