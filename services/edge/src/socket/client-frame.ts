import { memberSource } from '@restante/http';
import { LIMITS, parseJson, quote, RestanteError } from '@restante/protocol';
import { CLIENT_FRAMES, type ClientFrame } from '@restante/protocol/schemas';
import { Compile } from 'typebox/compile';

/** What a client sent over a socket: checked against the shapes of `protocol`, strictly, before anything is done. */

const CHECKS = {
  subscribe: Compile(CLIENT_FRAMES.subscribe),
  unsubscribe: Compile(CLIENT_FRAMES.unsubscribe),
  publish: Compile(CLIENT_FRAMES.publish),
} as const;

export type Received =
  | { readonly ok: true; readonly frame: ClientFrame; readonly dataSource: string | undefined }
  /** `ref` where one could be read, so that the client knows what failed. `fatal`: the peer does not speak this protocol. */
  | { readonly ok: false; readonly error: RestanteError; readonly ref: string | undefined; readonly fatal: boolean };

export function readClientFrame(text: string): Received {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    return fault('a frame is a JSON object', undefined, true, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('a frame is a JSON object', undefined, true);
  const { type, ref } = value as { readonly type?: unknown; readonly ref?: unknown };
  const knownRef = typeof ref === 'string' && ref.length > 0 && ref.length <= LIMITS.refBytesMax ? ref : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(CHECKS, type)) {
    const given = type === undefined ? 'and is missing' : `not ${typeof type === 'string' ? quote(type) : `a ${typeof type}`}`;
    return fault(`type is one of ${Object.keys(CHECKS).join(', ')}, ${given}`, knownRef, false);
  }
  const known = type as keyof typeof CHECKS;
  const check = CHECKS[known];
  if (!check.Check(value)) return fault(describe(check.Errors(value), known), knownRef, false);
  return { ok: true, frame: value, dataSource: type === 'publish' ? memberSource(text, 'data') : undefined };
}

interface SchemaError {
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** What is wrong, in one sentence; an unknown field first, since that is what a newer client is refused for. */
function describe(errors: readonly SchemaError[], type: keyof typeof CHECKS): string {
  for (const { params } of errors) {
    if ('additionalProperties' in params)
      return `${type} has no field ${(params.additionalProperties as readonly string[]).map(quote).join(', ')}; there are ${fieldsOf(type)}`;
  }
  for (const { params } of errors)
    if ('requiredProperties' in params) return `${type} lacks ${(params.requiredProperties as readonly string[]).join(' and ')}`;
  // Of a choice, what is told last is the choice as a whole.
  const error = errors.at(-1);
  if (error === undefined) return `this is no ${type}`;
  const field = error.instancePath.slice(1);
  const choices = choicesOf(CLIENT_FRAMES[type].properties, field);
  return `${field} of ${type} ${choices === undefined ? error.message : `is one of ${choices}`}`;
}

function fieldsOf(type: keyof typeof CHECKS): string {
  return Object.keys(CLIENT_FRAMES[type].properties).join(', ');
}

/** Of a field that is one of a few words: those words. */
function choicesOf(properties: object, field: string): string | undefined {
  const { anyOf } = ((properties as Readonly<Record<string, object>>)[field] ?? {}) as { readonly anyOf?: readonly { const?: unknown }[] };
  return anyOf?.map((choice) => String(choice.const)).join(', ');
}

function fault(detail: string, ref: string | undefined, fatal: boolean, cause?: unknown): Received {
  return { ok: false, error: new RestanteError('FRAME_INVALID', detail, { cause }), ref, fatal };
}
