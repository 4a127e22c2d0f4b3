import { readFileSync } from 'node:fs';
import { RestanteError } from '@restante/protocol';
import { parseDocument, type YAMLParseError } from 'yaml';
import { parseBackendAddress } from './backend-address.js';
import { checkConfig } from './checks.js';
import type { BackendTarget, Config, NamespacePolicy } from './config.js';
import { type NatsSettings, resolveNats } from './nats.js';
import { type Fault, readTree } from './read.js';
import { CONFIG_SCHEMA, SETTINGS, type Setting, type SettingSchema } from './settings.js';

/**
 * Loads the configuration: the file, then the environment, then the flags; the later wins. Parsed once; all faults are reported
 * together, each by the name that was typed, never with a value that may be secret.
 */

export interface ConfigSources {
  /** The file to read. Without it, `restante.yaml` where the command runs, if there is one. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By flag, `--admin-port`. */
  readonly flags: ReadonlyMap<string, string>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** What was read: a path, or undefined where there was no file. */
  readonly file: string | undefined;
  /** Things that are odd but no fault. */
  readonly warnings: readonly string[];
}

/** Variables of the command that are no settings. */
const COMMAND_VARIABLES = new Set(['RESTANTE_CONFIG', 'RESTANTE_URL']);
const FILE_DEFAULT = 'restante.yaml';

type Tree = { [key: string]: unknown };

/** @throws RestanteError `CONFIG_INVALID`, with every fault on a line of its own */
export function loadConfig({ file: named, env, flags }: ConfigSources): LoadedConfig {
  const faults: string[] = [];
  const namedFile = named ?? (env['RESTANTE_CONFIG'] || undefined);
  const file = readConfigFile(namedFile, faults);
  const names = new Map<string, string>();
  const tree = file === undefined ? {} : parseYaml(file.name, file.text, faults);
  overlay(tree, environment(env, faults), names);
  overlay(tree, fromFlags(flags), names);

  const found: Fault[] = [];
  const config = resolve(tree, found);
  found.push(...checkConfig(config));
  const where = file === undefined ? '' : `${file.name}: `;
  const nameOf = (path: Fault['path']): string => names.get(path.join('.')) ?? `${where}${path.map(quoteKey).join('.') || 'the file'}`;
  // In a form of a later release the rest may mean anything.
  const ofVersion = found.filter(({ path: [first] }) => first === 'version');
  for (const { path, text } of ofVersion.length > 0 ? ofVersion : found) faults.push(`${nameOf(path)} ${text}`);
  if (faults.length > 0) throw invalid(faults);
  const idle = unused(tree, config).map((path) => `${nameOf(path)} is not used: it is for a backend on NATS`);
  return { config, file: file?.name, warnings: [...unknownVariables(env), ...idle] };
}

function invalid(faults: readonly string[]): RestanteError {
  return new RestanteError(
    'CONFIG_INVALID',
    faults.length === 1 ? `${faults[0]}` : `${faults.length} faults:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
}

function readConfigFile(named: string | undefined, faults: string[]): { name: string; text: string } | undefined {
  const name = named ?? FILE_DEFAULT;
  try {
    return { name, text: readFileSync(name, 'utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (named !== undefined || code !== 'ENOENT') faults.push(`${name} cannot be read: ${code}`);
    return undefined;
  }
}

function parseYaml(name: string, text: string, faults: string[]): Tree {
  const document = parseDocument(text);
  // The first alone: the others mostly follow from it.
  const [error] = document.errors;
  if (error !== undefined) {
    faults.push(`${name} is not valid YAML: ${whyNoYaml(text, error)}`);
    return {};
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  if (isTree(value)) return value;
  faults.push(`${name} must be a map of settings`);
  return {};
}

/** In words of ours: the text of YAML's own errors quotes the line, which may hold a secret. */
function whyNoYaml(text: string, { code, linePos }: YAMLParseError): string {
  const star = /(?:^|[{,])[ \t]*\*[ \t]*:/m.exec(text);
  if (star !== null) return `the namespace * must stand in quotes, "*", in line ${text.slice(0, star.index).split('\n').length}`;
  return `${YAML_FAULTS.get(code) ?? 'it makes no sense'} in line ${linePos?.[0].line ?? '?'}`;
}

/** The likely ones. */
const YAML_FAULTS: ReadonlyMap<string, string> = new Map([
  ['BAD_INDENT', 'the indentation is wrong, or a bracket is not closed,'],
  ['BLOCK_AS_IMPLICIT_KEY', 'there are two colons'],
  ['DUPLICATE_KEY', 'a key comes twice'],
  ['MISSING_CHAR', 'a colon, a comma, a bracket or a quote is missing'],
  ['TAB_AS_INDENT', 'there is a tab, where only spaces may indent,'],
]);

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Given {
  readonly setting: Setting;
  readonly name: string;
  readonly value: unknown;
}

/** An empty variable counts as not set: that is how many tools pass on what nobody configured. */
function* environment(env: ConfigSources['env'], faults: string[]): Iterable<Given> {
  for (const setting of SETTINGS) {
    const text = env[setting.env] || undefined;
    const file = setting.envFile === undefined ? undefined : env[setting.envFile] || undefined;
    if (text !== undefined && file !== undefined) faults.push(`${setting.env} and ${setting.envFile} are both set; keep one`);
    else if (text !== undefined) yield { setting, name: setting.env, value: fromText(setting.schema, text) };
    else if (file !== undefined) {
      const secret = readSecret(`${setting.envFile}`, file, faults);
      if (secret !== undefined) yield { setting, name: `${setting.envFile}`, value: fromText(setting.schema, secret) };
    }
  }
}

function readSecret(name: string, file: string, faults: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    faults.push(`${name} names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return undefined;
  }
}

function* fromFlags(flags: ReadonlyMap<string, string>): Iterable<Given> {
  for (const setting of SETTINGS) {
    const text = flags.get(setting.flag);
    if (text !== undefined) yield { setting, name: setting.flag, value: fromText(setting.schema, text) };
  }
}

/** Text as the file would have it; what does not fit stays text, and the schema refuses it. */
function fromText(schema: SettingSchema, text: string): unknown {
  if (schema.type === 'array') return text === '' ? [] : text.split(',').map((item) => item.trim());
  const isNumber = schema.type === 'integer' || schema.unit !== undefined;
  return isNumber && /^\d{1,16}$/.test(text) ? Number(text) : text;
}

function overlay(tree: Tree, given: Iterable<Given>, names: Map<string, string>): void {
  for (const { setting, name, value } of given) {
    let at = tree;
    for (const key of setting.path.slice(0, -1)) {
      const next = at[key];
      const below: Tree = isTree(next) ? next : {};
      at[key] = below;
      at = below;
    }
    at[setting.path[setting.path.length - 1] as string] = value;
    names.set(setting.path.join('.'), name);
  }
}

/** What `readTree` makes of the schema; the static type of `ConfigFile` says the same of every value, once defaults are in. */
type Read = Omit<Config, 'backend' | 'namespaces' | 'open'> & {
  readonly version?: number;
  readonly backend: string;
  readonly nats: NatsSettings;
  readonly namespaces: Record<string, Omit<NamespacePolicy, 'history'> & { readonly history: { age: number; bytes: number } }>;
};

/** Complete even where there are faults, so that the checks can look for more of them. */
function resolve(tree: Tree, faults: Fault[]): Config {
  const { version: _version, backend, nats, ...read } = readTree(CONFIG_SCHEMA, tree, faults) as Read;
  const namespaces = Object.entries(read.namespaces).map(
    ([name, { history, ...policy }]) => [name, { ...policy, history: { ageMs: history.age, bytes: history.bytes } }] as const,
  );
  return {
    ...read,
    backend: resolveBackend(backend, nats, faults),
    namespaces: new Map(namespaces),
    open: tree['namespaces'] === undefined,
  };
}

function resolveBackend(text: unknown, settings: NatsSettings, faults: Fault[]): BackendTarget {
  const address = typeof text === 'string' ? parseBackendAddress(text) : undefined;
  if (typeof address === 'string') faults.push({ path: ['backend'], text: address });
  if (typeof address !== 'object') return { kind: 'memory' };
  return address.kind === 'nats' ? resolveNats(address, settings, faults) : address;
}

/** Settings of a backend that is not the one of this configuration: no fault, since a file may be tried out with another backend. */
function unused(tree: Tree, { backend, namespaces }: Config): Fault['path'][] {
  if (backend.kind === 'nats') return [];
  const given = SETTINGS.map(({ path }) => path).filter(([first]) => first === 'nats');
  const withReplicas = [...namespaces].filter(([, { replicas }]) => replicas !== undefined);
  return [...given.filter((path) => isGiven(tree, path)), ...withReplicas.map(([name]) => ['namespaces', name, 'replicas'])];
}

function isGiven(tree: unknown, [key, ...below]: Fault['path']): boolean {
  if (key === undefined) return tree !== undefined && tree !== null;
  return isTree(tree) && isGiven(tree[key], below);
}

function unknownVariables(env: ConfigSources['env']): string[] {
  const known = new Set(SETTINGS.flatMap(({ env: name, envFile }) => (envFile === undefined ? [name] : [name, envFile])));
  return Object.keys(env)
    .filter((name) => name.startsWith('RESTANTE_') && !known.has(name) && !COMMAND_VARIABLES.has(name))
    .sort()
    .map((name) => `${name} is no setting and was ignored`);
}

function quoteKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
