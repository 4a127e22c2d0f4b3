import { expected } from './read.js';
import { CONFIG_SCHEMA, defaultText, SETTINGS, type SettingSchema } from './settings.js';

/** `docs/reference/configuration.md` and `config.schema.json`, made from the schema; a test compares them with what is in the folder. */

export function configJsonSchema(): string {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...CONFIG_SCHEMA };
  // Short lists on one line, as the formatter has them.
  return `${JSON.stringify(schema, null, 2).replaceAll(/\[\s+("[^\]]+"|\d+)\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s*\n\s*/g, ' ')}]`)}\n`;
}

export function configReference(): string {
  const settings = SETTINGS.map(({ path, env, envFile, flag, schema }) => {
    const variable = envFile === undefined ? `\`${env}\`` : `\`${env}\` or \`${envFile}\``;
    return `### \`${path.join('.')}\`\n\n${variable} · \`${flag}\`\n\n${describe(schema)}\n`;
  });
  const namespace = Object.values(CONFIG_SCHEMA.properties?.['namespaces']?.patternProperties ?? {}).flatMap((schema) => [
    ...ofNamespace(schema, 'namespaces.<name>.'),
  ]);
  return `${HEAD}\n${settings.join('\n')}\n${NAMESPACES}\n${namespace.join('\n')}`;
}

const HEAD = `# Configuration

<!-- Made from packages/protocol/src/schemas/config.ts: \`npm run docs\` writes it anew. -->

A setting is read from \`restante.yaml\` (or the file of \`--config\` or \`RESTANTE_CONFIG\`), then from the environment, then from the flags of
\`restante start\`, \`edge\`, \`router\` or \`gateway\`; the later wins. \`adminPort\` in the file is \`RESTANTE_ADMIN_PORT\` is \`--admin-port\`. Lists are
separated by commas outside the file. An empty variable counts as not set. Where a secret may be, a second variable, with \`_FILE\`, names a file
that holds it. Unknown settings in the file are refused; unknown variables that begin with \`RESTANTE_\` are warned about. All faults are reported
together, before anything starts.

All processes of a cluster take the same configuration: each uses what concerns it.

A size is a whole number of bytes or has a unit: \`B\`, \`KiB\`, \`MiB\`, \`GiB\`, \`TiB\`. A duration is a whole number of milliseconds or has a unit:
\`ms\`, \`s\`, \`m\`, \`h\`, \`d\`.

Editors check the file with [config.schema.json](config.schema.json).

## \`version\`

Only in the file, and not needed: \`version: 1\` is the form that is described here. A file of a later form is refused by its number, and not for each
setting that is new in it.

## Settings
`;

const NAMESPACES = `## \`namespaces\`

Only in the file. Each key is the first segment of the names it takes (1 to 32 of \`a-z 0-9 -\`); \`"*"\`, in quotes, takes all that no other takes.

\`\`\`yaml
namespaces:
  elections: { read: public, publish: nobody, snapshot: true, history: { age: 30d, bytes: 10GiB } }
  "*": { read: public, publish: public }
\`\`\`

Without any namespaces everything is open: \`"*": { read: public, publish: public }\`, and therefore the server listens on this machine alone
and answers only to requests that name it as \`localhost\`. \`token\`, \`key\` and \`owner\` are refused at start: this version cannot check them yet.
`;

function* ofNamespace(schema: SettingSchema, prefix: string): Iterable<string> {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.properties !== undefined) yield* ofNamespace(property, `${prefix}${key}.`);
    else yield `### \`${prefix}${key}\`\n\n${describe(property, schema.required?.includes(key) === true)}\n`;
  }
}

function describe(schema: SettingSchema, isRequired = false): string {
  const text = defaultText(schema);
  const none = schema.items === undefined ? 'not set' : 'an empty list';
  const fallback = isRequired ? 'Must be given.' : `Default: ${text === undefined ? none : `\`${text}\``}.`;
  return `${schema.description}\n\nMay be: ${expected(schema)}. ${fallback}`;
}
