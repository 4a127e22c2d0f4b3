import type { NewEntry } from './entry.js';
import { RestanteError } from './errors.js';
import { quote } from './names.js';

/**
 * From the bytes that a publisher sent to the body of an entry: which kind it is, and that it really is that (DESIGN "One Message
 * everywhere"). JSON is validated once and kept as it was given; nobody parses it again.
 */

export type Body = Pick<NewEntry, 'kind' | 'contentType' | 'data'>;

const JSON_TYPE = /^application\/(?:[\w.!#$&^+-]+\+)?json$/;
const CONTENT_TYPE = /^[\t\x20-\x7e]{1,255}$/;

/** What curl sends when it is told nothing. */
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The media type alone, in lower case: `Text/Plain; charset=utf-8` is `text/plain`. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Nothing was said, or what curl says unasked: the bytes decide. */
export function isUnspoken(contentType: string | undefined): contentType is undefined | '' {
  return contentType === undefined || contentType === '' || mediaType(contentType) === FORM_TYPE;
}

export function isJsonType(contentType: string): boolean {
  return JSON_TYPE.test(mediaType(contentType));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws RestanteError `JSON_INVALID` · `BODY_INVALID` */
export function bodyOf(bytes: Uint8Array, contentType: string | undefined): Body {
  // Nearly every body is this one, and looking closely at its type would cost as much as the rest.
  if (contentType === 'application/json') return { kind: 'data', data: jsonBytes(bytes) };
  if (isUnspoken(contentType)) return sniff(bytes);
  checkContentType(contentType);
  if (isJsonType(contentType)) return { ...withType('data', contentType), data: jsonBytes(bytes) };
  if (!mediaType(contentType).startsWith('text/')) return { kind: 'base64', contentType, data: bytes };
  if (textOf(bytes) === undefined) {
    throw new RestanteError('BODY_INVALID', 'text must be UTF-8; send other bytes as application/octet-stream');
  }
  return { ...withType('text', contentType), data: bytes };
}

/** The kind with its content type, where that says more than the kind does. */
export function withType(kind: 'data' | 'text' | 'base64', contentType: string | undefined): Pick<NewEntry, 'kind' | 'contentType'> {
  if (contentType === undefined) return { kind };
  const type = mediaType(contentType);
  const plain = (kind === 'data' && type === 'application/json') || (kind === 'text' && type === 'text/plain');
  return plain ? { kind } : { kind, contentType };
}

/** @throws RestanteError `BODY_INVALID` */
export function checkContentType(contentType: string): void {
  if (!CONTENT_TYPE.test(contentType)) throw new RestanteError('BODY_INVALID', 'a content type is 1 to 255 visible ASCII characters');
}

/** The text of a JSON body. @throws RestanteError `JSON_INVALID` */
export function jsonText(bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text === undefined) throw new RestanteError('JSON_INVALID', 'the body is not UTF-8');
  return text;
}

/** Undefined where the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** @throws RestanteError `JSON_INVALID` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RestanteError('JSON_INVALID', `the body ${whyNoJson(text, cause)}`, { cause });
  }
}

/** Of what the parser says only the place: the rest quotes the body at length. */
function whyNoJson(text: string, fault: unknown): string {
  if (text.trim() === '') return 'is empty, which is not valid JSON';
  const message = fault instanceof Error ? fault.message : '';
  const [, at] = / at position (\d+)/.exec(message) ?? [];
  if (at !== undefined) return `is not valid JSON: see its character ${Number(at) + 1}`;
  const [, token] = /^Unexpected token '(.+?)', /u.exec(message) ?? [];
  if (token !== undefined) return `is not valid JSON: unexpected ${quote(token)}`;
  return message.startsWith('Unexpected end') ? 'is not valid JSON: it ends too early' : 'is not valid JSON';
}

function jsonBytes(bytes: Uint8Array): Uint8Array {
  parseJson(jsonText(bytes));
  return onOneLine(bytes);
}

function sniff(bytes: Uint8Array): Body {
  const text = textOf(bytes);
  if (text === undefined) return { kind: 'base64', data: bytes };
  // Most text is no JSON by its first character, and an exception is a hundred times dearer than a look at it.
  if (!/^[\s]*[[{"\-0-9tfn]/.test(text)) return { kind: 'text', data: bytes };
  try {
    JSON.parse(text);
  } catch {
    return { kind: 'text', data: bytes };
  }
  return { kind: 'data', data: onOneLine(bytes) };
}

/** Valid JSON has line breaks only as white space, so a space means the same and keeps a Message on one line. Changes `bytes`. */
export function onOneLine<T extends Uint8Array>(bytes: T): T {
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) bytes[at] = 0x20;
  for (let at = bytes.indexOf(0x0d); at >= 0; at = bytes.indexOf(0x0d, at + 1)) bytes[at] = 0x20;
  return bytes;
}
