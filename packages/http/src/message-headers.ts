import type { IncomingHttpHeaders } from 'node:http';
import { quote, RestanteError } from '@restante/protocol';

/**
 * The `Restante-*` headers that travel with a message, bounded together. Their values go to other transports as headers again,
 * so nothing is let in that could end one there.
 */

const PREFIX = 'restante-';
const RELEASE_AT = 'restante-release-at';
const NAME = /^restante-[a-z0-9!#$%&'*+.^_`|~-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export type MessageHeaders = Readonly<Record<string, string>>;

/** From a request; undefined where there are none. @throws RestanteError `HEADERS_TOO_LARGE` · `SCHEDULE_UNAVAILABLE` */
export function requestMessageHeaders(headers: IncomingHttpHeaders, bytesMax: number): MessageHeaders | undefined {
  let found: [string, unknown][] | undefined;
  for (const name in headers) if (name.startsWith(PREFIX)) (found ??= []).push([name, headers[name]]);
  return found === undefined ? undefined : checked(found, bytesMax);
}

/** From an item of a batch. @throws RestanteError also `BODY_INVALID` */
export function itemMessageHeaders(headers: unknown, bytesMax: number): MessageHeaders | undefined {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new RestanteError('BODY_INVALID', 'headers is an object of strings');
  const found = Object.entries(headers).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]);
  return found.length === 0 ? undefined : checked(found, bytesMax);
}

function checked(headers: readonly (readonly [string, unknown])[], bytesMax: number): MessageHeaders {
  let bytes = 0;
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (name === RELEASE_AT) throw scheduleUnavailable();
    if (!NAME.test(name)) throw new RestanteError('BODY_INVALID', `${quote(name)} is not the name of a Restante-* header`);
    if (typeof value !== 'string' || !VALUE.test(value))
      throw new RestanteError('BODY_INVALID', `the value of ${name} is not one of a header`);
    bytes += name.length + value.length;
    kept[name] = value;
  }
  if (bytes > bytesMax) throw new RestanteError('HEADERS_TOO_LARGE', `the Restante-* headers have ${bytes} bytes of at most ${bytesMax}`);
  return kept;
}

export function scheduleUnavailable(): RestanteError {
  return new RestanteError('SCHEDULE_UNAVAILABLE', 'there is no courier here to release a message later');
}
