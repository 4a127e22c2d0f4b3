import { memberSource, parseJson } from '@restante/http';
import { LIMITS, quote, RestanteError } from '@restante/protocol';
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
    return fault(`type is one of ${Object.keys(CHECKS).join(', ')}, not ${quote(String(type))}`, knownRef, false);
  }
  const check = CHECKS[type as keyof typeof CHECKS];
  if (!check.Check(value)) return fault(describe(check.Errors(value), type), knownRef, false);
  return { ok: true, frame: value as ClientFrame, dataSource: type === 'publish' ? memberSource(text, 'data') : undefined };
}

function describe(errors: Iterable<{ readonly instancePath: string; readonly message: string; readonly params?: unknown }>, type: string): string {
  for (const { instancePath, message, params } of errors) {
    const unknown = (params as { additionalProperties?: readonly string[] } | undefined)?.additionalProperties;
    if (unknown !== undefined && unknown.length > 0) return `${type} has no field ${unknown.map((name) => quote(name)).join(', ')}`;
    return `${type}${instancePath.replaceAll('/', '.')} ${message}`;
  }
  return `this is no ${type}`;
}

function fault(detail: string, ref: string | undefined, fatal: boolean, cause?: unknown): Received {
  return { ok: false, error: new RestanteError('FRAME_INVALID', detail, { cause }), ref, fatal };
}
