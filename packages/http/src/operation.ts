import { Problem } from '@restante/protocol/schemas';
import type { FastifyInstance } from 'fastify';

/**
 * OpenAPI from what the routes say of themselves: each gives its operation when it is registered, in the shapes of `protocol`.
 * Only describes; what a route takes is checked by the route, which keeps bytes that a schema's parser would lose.
 */

/** JSON Schema, as typebox makes it. */
type Schema = object;

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Schema & { readonly description?: string }>>;
  readonly required?: readonly string[] | undefined;
}

export interface Operation {
  readonly summary: string;
  readonly query?: ObjectSchema;
  readonly headers?: ObjectSchema;
  /** By content type. */
  readonly body?: Readonly<Record<string, Schema>>;
  /** By status. Problems are said once for all routes. */
  readonly responses: Readonly<Record<number, { readonly description: string; readonly schema?: Schema; readonly type?: string }>>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly operation?: Operation;
  }
}

/** Must come before the routes. @returns the document, once all routes are there */
export function collectOperations(app: FastifyInstance, version: string): () => string {
  const paths: Record<string, Record<string, object>> = {};
  const components: Record<string, object> = {};
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.operation === undefined) return;
    const path = url.replace('*', '{name}');
    for (const one of [method].flat()) {
      if (one !== 'HEAD') (paths[path] ??= {})[one.toLowerCase()] = described(config.operation, path.includes('{name}'), components);
    }
  });
  return () => {
    const info = { title: 'Restante', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } };
    return `${JSON.stringify({ openapi: '3.1.0', info, paths, components: { schemas: components } }, null, 2)}\n`;
  };
}

const NAME_PARAMETER = {
  name: 'name',
  in: 'path',
  required: true,
  description: 'The name or pattern without its first slash; its other slashes stand as they are: elections/us-2020/president/ohio.',
  schema: { type: 'string' },
};

function described(operation: Operation, hasName: boolean, components: Record<string, object>): object {
  const { summary, query, headers, body, responses } = operation;
  const parameters = [...(hasName ? [NAME_PARAMETER] : []), ...parametersOf(query, 'query'), ...parametersOf(headers, 'header')];
  const answers = Object.entries(responses).map(([status, { description, schema, type = 'application/json' }]) => {
    return [status, { description, ...(schema && { content: { [type]: { schema: reference(schema, components) } } }) }];
  });
  const problem = { description: 'A problem.', content: { 'application/problem+json': { schema: reference(Problem, components) } } };
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: contentOf(body, components) } }),
    responses: { ...Object.fromEntries(answers), default: problem },
  };
}

function parametersOf(schema: ObjectSchema | undefined, place: 'query' | 'header'): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, { description, ...rest }]) => {
    return { name, in: place, required: schema?.required?.includes(name) ?? false, ...(description && { description }), schema: rest };
  });
}

function contentOf(body: Readonly<Record<string, Schema>>, components: Record<string, object>): object {
  return Object.fromEntries(Object.entries(body).map(([type, schema]) => [type, { schema: reference(schema, components) }]));
}

/** The schema with every part that has an `$id` moved to `components`. */
function reference(schema: Schema, components: Record<string, object>): object {
  if (Array.isArray(schema)) return schema.map((item: unknown) => (isObject(item) ? reference(item, components) : item));
  const { $id, ...rest } = schema as Schema & { readonly $id?: string };
  const parts = Object.entries(rest).map(([key, part]: [string, unknown]) => [key, isObject(part) ? reference(part, components) : part]);
  const own: object = Object.fromEntries(parts);
  if ($id === undefined) return own;
  components[$id] = own;
  return { $ref: `#/components/schemas/${$id}` };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
