import { formatQuantity, parseQuantity } from './quantity.js';
import type { SettingSchema } from './settings.js';

/**
 * Reads a tree of settings against the schema: applies defaults, turns sizes and durations into numbers, and collects every fault
 * instead of stopping at the first. Knows nothing of where a value came from: a fault carries the path, and its caller knows the name.
 */

export interface Fault {
  readonly path: readonly string[];
  /** Continues a sentence that begins with the setting's name. */
  readonly text: string;
}

export function readTree(schema: SettingSchema, raw: unknown, faults: Fault[], path: readonly string[] = []): unknown {
  const value = raw === undefined ? schema.default : raw;
  if (schema.properties !== undefined || schema.patternProperties !== undefined) return readObject(schema, value ?? {}, faults, path);
  if (value === undefined) return undefined;
  if (schema.items !== undefined) return readList(schema, schema.items, value, faults, path);
  const read = schema.unit === undefined ? value : toNumber(schema, value);
  if (!fits(schema, read)) faults.push({ path, text: `must be ${expected(schema)}${given(schema, raw)}` });
  return read;
}

function readObject(schema: SettingSchema, raw: unknown, faults: Fault[], path: readonly string[]): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    faults.push({ path, text: 'must be a map of settings' });
    return readObject(schema, {}, [], path);
  }
  const left = new Map<string, unknown>(Object.entries(raw));
  const read: [string, unknown][] = [];
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (left.get(key) === undefined && schema.required?.includes(key) === true) {
      faults.push({ path: [...path, key], text: `is missing: ${expected(property)}` });
    } else {
      const value = readTree(property, left.get(key), faults, [...path, key]);
      if (value !== undefined) read.push([key, value]);
    }
    left.delete(key);
  }
  for (const [key, value] of left) {
    const property = Object.entries(schema.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(key))?.[1];
    if (property === undefined) faults.push({ path: [...path, key], text: unknown(schema) });
    // A key with nothing behind it (`elections:`) is a map without settings, not the default.
    else read.push([key, readTree(property, value ?? {}, faults, [...path, key])]);
  }
  if (schema.minProperties !== undefined && read.length < schema.minProperties && left.size === 0)
    faults.push({ path, text: 'must not be empty' });
  return Object.fromEntries(read);
}

function readList(schema: SettingSchema, items: SettingSchema, raw: unknown, faults: Fault[], path: readonly string[]): unknown {
  if (!Array.isArray(raw)) {
    faults.push({ path, text: `must be a list${given(schema, raw)}` });
    return [];
  }
  return raw.map((item) => readTree(items, item ?? null, faults, path));
}

function toNumber(schema: SettingSchema, value: unknown): unknown {
  return typeof value === 'string' && schema.unit !== undefined ? (parseQuantity(schema.unit, value) ?? value) : value;
}

function fits(schema: SettingSchema, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value as string | number);
  if (schema.type === 'boolean') return typeof value === 'boolean';
  if (schema.type === 'string') {
    return (
      typeof value === 'string' &&
      value.length >= (schema.minLength ?? 0) &&
      (schema.pattern === undefined || new RegExp(schema.pattern).test(value))
    );
  }
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = bounds(schema);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum;
}

function bounds(schema: SettingSchema): SettingSchema {
  return schema.anyOf?.find(({ type }) => type === 'integer') ?? schema;
}

function unknown(schema: SettingSchema): string {
  if (schema.properties === undefined) return 'is no name of a namespace: 1 to 32 of a-z 0-9 -, or "*"';
  return `is no setting; there are ${Object.keys(schema.properties).join(', ')}`;
}

/** What a setting may be, for a person. */
export function expected(schema: SettingSchema): string {
  if (schema.enum !== undefined) return schema.title ?? schema.enum.join(' | ');
  if (schema.items !== undefined) return `a list, each ${expected(schema.items)}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'string') return schema.title ?? 'text';
  const { minimum = 0, maximum } = bounds(schema);
  const range =
    maximum === undefined ? `at least ${shown(schema, minimum)}` : `from ${shown(schema, minimum)} to ${shown(schema, maximum)}`;
  if (schema.unit === 'bytes') return `a size, such as 64KiB or 10GiB, ${range}`;
  if (schema.unit === 'ms') return `a duration, such as 15s or 30d, ${range}`;
  return `a whole number ${range}`;
}

function shown(schema: SettingSchema, value: number): string {
  return schema.unit === undefined ? `${value}` : formatQuantity(schema.unit, value);
}

/** What was given instead, unless it may be a secret. */
function given(schema: SettingSchema, raw: unknown): string {
  if (schema.writeOnly === true || raw === undefined) return '';
  return `, not ${quote(JSON.stringify(raw))}`;
}

function quote(json: string): string {
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
