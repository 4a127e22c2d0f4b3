import {
  type Body,
  checkContentType,
  isJsonType,
  mediaType,
  type NewEntry,
  onOneLine,
  parseMailbox,
  quote,
  RestanteError,
  withType,
} from '@restante/protocol';
import type { Limits } from './context.js';
import { itemMessageHeaders, scheduleUnavailable } from './message-headers.js';
import { checkMessageId } from './message-id.js';

/** One message of a batch: from parsed JSON, whose `data` is taken from the source, to an entry. Strict: an unknown field is refused. */

type Item = Readonly<Record<string, unknown>>;

const FIELDS: ReadonlySet<string> = new Set(['mailbox', 'data', 'text', 'base64', 'contentType', 'id', 'headers', 'releaseAt']);
const BODIES = ['data', 'text', 'base64'] as const;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * @param dataSource the source text of the item's `data`, where it has one
 * @throws RestanteError what is wrong with this one message
 */
export function itemEntry(item: unknown, dataSource: string | undefined, limits: Limits): NewEntry {
  if (!isItem(item)) throw new RestanteError('BODY_INVALID', 'a message is an object');
  for (const field in item) if (!FIELDS.has(field)) throw new RestanteError('BODY_INVALID', `there is no field ${quote(field)}`);
  if (item['releaseAt'] !== undefined) throw scheduleUnavailable();
  const mailbox = parseMailbox(stringField(item, 'mailbox') ?? '');
  const id = stringField(item, 'id');
  if (id !== undefined) checkMessageId(id);
  const headers = item['headers'] === undefined ? undefined : itemMessageHeaders(item['headers'], limits.headersBytesMax);
  const body = itemBody(item, dataSource);
  if (body.data.byteLength > limits.messageBytesMax) {
    throw new RestanteError('MESSAGE_TOO_LARGE', `the message has ${body.data.byteLength} bytes of at most ${limits.messageBytesMax}`);
  }
  return { mailbox, ...(id !== undefined && { id }), ...(headers && { headers }), ...body };
}

function isItem(item: unknown): item is Item {
  return typeof item === 'object' && item !== null && !Array.isArray(item);
}

function stringField(item: Item, name: string): string | undefined {
  const value = item[name];
  if (value !== undefined && typeof value !== 'string') throw new RestanteError('BODY_INVALID', `${name} is a string`);
  return value;
}

function itemBody(item: Item, dataSource: string | undefined): Body {
  const [kind, ...more] = BODIES.filter((name) => item[name] !== undefined);
  if (kind === undefined || more.length > 0) throw new RestanteError('BODY_INVALID', 'a message has exactly one of data, text and base64');
  const contentType = stringField(item, 'contentType');
  if (contentType !== undefined) checkAgrees(kind, contentType);
  return { ...withType(kind, contentType), data: bodyBytes(kind, dataSource ?? '', stringIn(item, kind)) };
}

function stringIn(item: Item, kind: (typeof BODIES)[number]): string {
  return kind === 'data' ? '' : (stringField(item, kind) ?? '');
}

function bodyBytes(kind: (typeof BODIES)[number], dataSource: string, value: string): Buffer {
  if (kind === 'data') return onOneLine(Buffer.from(dataSource));
  if (kind === 'text') return Buffer.from(value);
  if (value.length % 4 !== 0 || !BASE64.test(value)) throw new RestanteError('BODY_INVALID', 'base64 is not valid base64');
  return Buffer.from(value, 'base64');
}

function checkAgrees(kind: (typeof BODIES)[number], contentType: string): void {
  checkContentType(contentType);
  const agrees = { data: isJsonType(contentType), text: mediaType(contentType).startsWith('text/'), base64: true };
  if (!agrees[kind]) throw new RestanteError('BODY_INVALID', `${quote(contentType)} is not the content type of ${kind}`);
}
