import { type Static, Type } from 'typebox';
import { LIMITS } from '../limits.js';

/**
 * Every setting, once: `restante.yaml`, the environment and the flags are all read against this schema, and editors get it as JSON Schema.
 * Defaults stand here, as a person would write them. What a setting's type cannot say (relations between settings, what this build
 * does not have yet) is checked where the configuration is read.
 */

const strict = { additionalProperties: false } as const;

/** Sizes: whole bytes, or a number with a unit (`64KiB`, `10GiB`). */
export const SIZE = '^\\d+(\\.\\d+)?(B|KiB|MiB|GiB|TiB)$';
/** Durations: whole milliseconds, or a number with a unit (`500ms`, `15s`, `30d`). */
export const DURATION = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';

interface Quantity {
  /** As a person would write it. */
  readonly default: string;
  readonly description: string;
  /** In bytes or milliseconds, inclusive. */
  readonly minimum: number;
  readonly maximum?: number;
}

/** The static type is what reading makes of it: a number of bytes or milliseconds. `unit` tells the reader, and editors ignore it. */
function quantity(unit: 'bytes' | 'ms', pattern: string, { minimum, maximum, ...rest }: Quantity) {
  const bounds = maximum === undefined ? { minimum } : { minimum, maximum };
  return Type.Unsafe<number>({
    unit,
    ...rest,
    anyOf: [
      { type: 'integer', ...bounds },
      { type: 'string', pattern },
    ],
  });
}

const size = (options: Quantity) => quantity('bytes', SIZE, options);
const duration = (options: Quantity) => quantity('ms', DURATION, options);

/** A word that is used to prove who one is: never repeated in a fault, and may come from a file (`RESTANTE_…_FILE`). */
function secret(description: string) {
  return Type.Optional(Type.String({ minLength: 1, writeOnly: true, description }));
}

function path(description: string) {
  return Type.Optional(Type.String({ minLength: 1, title: 'the path of a file', description }));
}

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1_000;

/** Counts on where a setting comes to mean something else. One that is only new is refused by its name where it is not known. */
const CONFIG_VERSION = 1;

/** `public`: everybody. `token`, `key`, `owner`: who shows one that allows it. `nobody`: no client. */
export const ACCESS = ['public', 'token', 'key', 'owner', 'nobody'] as const;
export type Access = (typeof ACCESS)[number];

/** What of these this build can check; the others are refused by name where the configuration is read. */
const ACCESS_TODAY = 'public | nobody';

function oneOf<const T extends readonly string[]>(
  values: T,
  options: { readonly title?: string; readonly description: string; readonly default?: T[number] },
) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: values, ...options });
}

/** JetStream's own limit. */
const REPLICAS_MAX = 5;

export const NamespaceSettings = Type.Object(
  {
    read: oneOf(ACCESS, {
      title: ACCESS_TODAY,
      description: 'Who may read. public: everybody; nobody: no client. token, key and owner are refused: there are no tokens yet.',
    }),
    publish: oneOf(ACCESS, {
      title: ACCESS_TODAY,
      description: 'Who may publish, in the same words. Who may publish may purge too.',
    }),
    snapshot: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Routers keep the newest entry of every mailbox in memory, so that catchUp=latest need not read the log.',
      }),
    ),
    history: Type.Optional(
      Type.Object(
        {
          age: Type.Optional(duration({ default: '7d', minimum: SECOND, description: 'Entries older than this are removed.' })),
          bytes: Type.Optional(
            size({ default: '1GiB', minimum: MIB, description: 'The oldest entries are removed while the log holds more than this.' }),
          ),
        },
        { ...strict, description: 'How long entries are kept; whichever limit is met first removes them.' },
      ),
    ),
    replicas: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: REPLICAS_MAX,
        description: 'With nats: on how many servers the entries are kept; where it is not set, as nats.replicas says.',
      }),
    ),
  },
  strict,
);

export const ConfigSchema = Type.Object(
  {
    version: Type.Optional(
      Type.Unsafe<typeof CONFIG_VERSION>({
        type: 'integer',
        enum: [CONFIG_VERSION],
        title: `${CONFIG_VERSION}, the only one that this release knows`,
        fileOnly: true,
        description: 'Only in the file: the form that it is written in. A release refuses the forms that came after it.',
      }),
    ),
    backend: Type.Optional(
      Type.String({
        default: 'lmdb:./data',
        minLength: 1,
        // An address may hold a password: it is never repeated in a fault, and may come from a file.
        writeOnly: true,
        title: 'memory:, lmdb:<folder> or nats://<host>:<port>',
        description:
          'Where the logs are: memory: (gone at the end), lmdb:<folder> on this machine, for one process, or a NATS cluster, for any number of them: ' +
          'nats://<host>:<port>, or tls:// where the connection must be encrypted, several separated by commas. ' +
          'A folder is relative to where the command runs; an address may begin with <user>:<password>@.',
      }),
    ),
    nats: Type.Optional(
      Type.Object(
        {
          user: Type.Optional(
            Type.String({ minLength: 1, description: 'Who this process is for the NATS servers; goes with nats.password.' }),
          ),
          password: secret('Goes with nats.user.'),
          token: secret('Where the NATS servers ask for a token.'),
          nkeySeed: secret('Where the NATS servers know this process by an NKey: its seed, which begins with SU.'),
          credentialsFile: path('Where the NATS servers ask for a JWT: the .creds file that holds it with its key.'),
          tls: Type.Optional(
            Type.Object(
              {
                ca: path(
                  'PEM file with the authorities that the NATS servers are checked against; where it is not set, those of the system.',
                ),
                cert: path('PEM file with the certificate that this process shows to the NATS servers; goes with nats.tls.key.'),
                key: path('PEM file with the key of nats.tls.cert.'),
              },
              { ...strict, description: 'Each of them makes the connection an encrypted one, as tls:// in the address does.' },
            ),
          ),
          replicas: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: REPLICAS_MAX,
              description: 'On how many servers each log is kept. Where it is not set: 3 in a cluster of three or more, else 1.',
            }),
          ),
        },
        { ...strict, description: 'What a backend on NATS needs beside its address. At most one way of saying who this process is.' },
      ),
    ),
    region: Type.Optional(
      Type.String({
        default: 'local',
        pattern: '^[a-z0-9-]{1,32}$',
        title: 'a name, 1 to 32 of a-z 0-9 -',
        description: 'Name of the region that this process runs in.',
      }),
    ),
    host: Type.Optional(
      Type.String({
        default: '127.0.0.1',
        minLength: 1,
        description: 'Address to listen on. Any but this machine alone needs namespaces in a file.',
      }),
    ),
    port: Type.Optional(
      Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: 'Port to listen on. 0 takes any; the address is printed.' }),
    ),
    adminPort: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description: 'Port for /healthz, /readyz and /metrics alone. Off where it is not set; 0 takes any.',
      }),
    ),
    cors: Type.Optional(
      Type.Object(
        {
          origins: Type.Optional(
            Type.Array(
              Type.String({ pattern: '^(\\*|https?://[^/\\s]+)$', title: 'an origin, such as https://example.org, or * for all' }),
              {
                default: [],
                description:
                  'Origins whose pages may make every call, with credentials. Pages of all others may read and publish where that is public, ' +
                  'and nothing else; where no namespaces are configured, only those of this machine may call.',
              },
            ),
          ),
        },
        strict,
      ),
    ),
    durability: Type.Optional(
      oneOf(['disk', 'process'], {
        default: 'disk',
        description:
          'What "stored" survives with lmdb. disk: flushed before it is acknowledged. process: survives the process, not a power cut.',
      }),
    ),
    reserveBytes: Type.Optional(
      size({
        default: '64MiB',
        minimum: 16 * MIB,
        description: 'With less room than this left on the disk, publishing is refused (LOG_FULL); reading goes on.',
      }),
    ),
    logLevel: Type.Optional(
      oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        default: 'info',
        description: 'The least that is written to standard error about what happens.',
      }),
    ),
    logFormat: Type.Optional(
      oneOf(['auto', 'json', 'text'], {
        default: 'auto',
        description: 'auto: text for a person on a terminal, JSON lines otherwise.',
      }),
    ),
    idWindowMs: Type.Optional(
      duration({
        default: '10m',
        minimum: SECOND,
        maximum: 86_400 * SECOND,
        description: 'How long the id of a message is remembered, so that it is stored once.',
      }),
    ),
    messageBytesMax: Type.Optional(
      size({
        default: '512KiB',
        minimum: KIB,
        maximum: LIMITS.batchBytesMax,
        description: 'Body of one message; larger ones are refused (MESSAGE_TOO_LARGE).',
      }),
    ),
    heartbeatMs: Type.Optional(
      duration({
        default: '15s',
        minimum: SECOND,
        maximum: 60 * SECOND,
        description: 'A quiet connection hears something at least so often.',
      }),
    ),
    socketHighWaterBytes: Type.Optional(
      size({
        default: '64KiB',
        minimum: 4 * KIB,
        maximum: 64 * MIB,
        description: 'A connection with more than this unsent is no longer pushed to, and catches up from its cursor.',
      }),
    ),
    hotTailBytes: Type.Optional(
      size({
        default: '64MiB',
        minimum: MIB,
        description: "A router's memory of the newest entries, for each log. Older ones are read from the log.",
      }),
    ),
    ringBytes: Type.Optional(
      size({
        default: '16MiB',
        minimum: MIB,
        description: "An edge's memory of recent entries, for each log. Older ones are asked of the router.",
      }),
    ),
    drainMs: Type.Optional(
      duration({
        default: '20s',
        minimum: 0,
        maximum: 600 * SECOND,
        description: 'Upon SIGTERM connections are sent away over this long; then the process ends.',
      }),
    ),
    namespaces: Type.Optional(
      Type.Record(Type.String({ pattern: '^(\\*|[a-z0-9-]{1,32})$' }), NamespaceSettings, {
        ...strict,
        default: { '*': { read: 'public', publish: 'public' } },
        minProperties: 1,
        description: 'Only in the file. The first segment of a name, and its policy; "*" takes the names that no other namespace takes.',
      }),
    ),
  },
  { $id: 'Config', title: 'restante.yaml', ...strict },
);

/** A configuration as it is written, sizes and durations already numbers. */
export type ConfigFile = Static<typeof ConfigSchema>;
