import { ConfigSchema } from '@restante/protocol/schemas';
import type { Unit } from './quantity.js';

/**
 * The settings that have a name in all three places: `cors.origins` in the file is `RESTANTE_CORS_ORIGINS` is `--cors-origins`.
 * Taken from the schema, so that a setting added there is known everywhere. Namespaces and the version stand only in the file.
 */

/** What the schema of a configuration is made of: a small part of JSON Schema. */
export interface SettingSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  /** What it may be, where its type does not say it to a person. */
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minProperties?: number;
  /** May hold a secret: never repeated, and may be read from a file. */
  readonly writeOnly?: boolean;
  /** Has no name in the environment and no flag. */
  readonly fileOnly?: boolean;
  readonly unit?: Unit;
  readonly anyOf?: readonly SettingSchema[];
  readonly items?: SettingSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly patternProperties?: Readonly<Record<string, SettingSchema>>;
}

export interface Setting {
  /** `cors.origins` is `['cors', 'origins']`. */
  readonly path: readonly string[];
  readonly env: string;
  /** Where a secret's environment variable may name a file instead. */
  readonly envFile: string | undefined;
  readonly flag: string;
  readonly schema: SettingSchema;
}

/** A default as a person would write it; undefined where there is none, or an empty list. */
export function defaultText({ default: value }: SettingSchema): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `${value}` : undefined;
}

export const CONFIG_SCHEMA = ConfigSchema as unknown as SettingSchema;

export const SETTINGS: readonly Setting[] = [...leaves(CONFIG_SCHEMA, [])];

function* leaves(schema: SettingSchema, path: readonly string[]): Iterable<Setting> {
  if (schema.patternProperties !== undefined || schema.fileOnly === true) return;
  if (schema.properties === undefined) {
    const words = path.flatMap((key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).split('-'));
    const env = `RESTANTE_${words.join('_').toUpperCase()}`;
    yield { path, env, envFile: schema.writeOnly === true ? `${env}_FILE` : undefined, flag: `--${words.join('-')}`, schema };
    return;
  }
  for (const [key, property] of Object.entries(schema.properties)) yield* leaves(property, [...path, key]);
}
