import * as http from '../../packages/protocol/src/schemas/http.js';
import { Message } from '../../packages/protocol/src/schemas/message.js';
import { CLIENT_FRAMES, SERVER_FRAMES, SUBPROTOCOL } from '../../packages/protocol/src/schemas/socket.js';
import { table } from './markdown.js';

/** `docs/reference/messages.md`: every shape that goes over the wire, field by field, from the schemas that check them. */

/** As much of JSON Schema as the schemas use; `typeText` refuses the rest, so that nothing is left out in silence. */
interface Schema {
  readonly $id?: string;
  readonly title?: string;
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

type Shapes = Readonly<Record<string, Schema>>;

/** The types of schemas say more than a page needs: that they are JSON Schema. */
const asShapes = (schemas: Readonly<Record<string, object>>): Shapes => schemas;

/** Shapes that have a section of their own, in the order of the page. */
export const HTTP_SHAPES = asShapes({
  Message,
  Page: http.Page,
  PageQuery: http.PageQuery,
  PublishHeaders: http.PublishHeaders,
  Published: http.Published,
  PublishItem: http.PublishItem,
  PublishBatch: http.PublishBatch,
  PublishResults: http.PublishResults,
  Purged: http.Purged,
  ListQuery: http.ListQuery,
  MailboxList: http.MailboxList,
  StreamQuery: http.StreamQuery,
  StreamLive: http.StreamLive,
  StreamGap: http.StreamGap,
  Health: http.Health,
  Problem: http.Problem,
});

const WHERE: Readonly<Record<string, string>> = {
  Message:
    'One message, the same in pages, events, socket frames and exports. Exactly one of `data`, `text`, `base64` and `purged` is there.',
  Page: 'Answer of `GET /v1/mailboxes/{name or pattern}`.',
  PageQuery: 'Query of `GET /v1/mailboxes/{name or pattern}`.',
  PublishHeaders: 'Headers of `POST /v1/mailboxes/{name}`.',
  Published: 'Answer of `POST /v1/mailboxes/{name}`: 201 where it was stored, 200 where its id had been stored before.',
  PublishItem: 'One message of a batch. Exactly one of `data`, `text` and `base64` is there.',
  PublishBatch: 'Body of `POST /v1/publish`.',
  PublishResults: 'Answer of `POST /v1/publish`: one result per message, in their order.',
  Purged: 'Answer of `DELETE /v1/mailboxes/{name}`.',
  ListQuery: 'Query of `GET /v1/mailboxes`.',
  MailboxList: 'Answer of `GET /v1/mailboxes`.',
  StreamQuery: 'Query of `GET /v1/stream`, where `mailbox` may be repeated; body of `POST /v1/stream`.',
  StreamLive: '`data` of the event `live`: everything up to here was sent, what follows comes as it happens.',
  StreamGap: '`data` of the event `gap`: messages before this cursor are missing.',
  Health: 'Answer of `GET /healthz` and `GET /readyz`.',
  Problem: 'Every error, with the content type `application/problem+json`. The codes are listed in [errors](../errors.md).',
};

export function messagesPage(): string {
  const shapes = Object.entries(HTTP_SHAPES).map(([name, schema]) => section(name, schema, `${WHERE[name] ?? ''}\n\n`));
  const frames = (kind: Shapes): string[] => Object.entries(kind).map(([name, schema]) => section(`\`${name}\``, schema));
  return `${[
    HEAD,
    '## HTTP',
    ...shapes,
    `## Socket frames, from the client\n\n\`GET /v1/socket\`, subprotocol \`${SUBPROTOCOL}\` (it need not be named). The server refuses fields that it does not know.`,
    ...frames(asShapes(CLIENT_FRAMES)),
    '## Socket frames, from the server\n\nA client ignores fields, and frames of a type, that it does not know.',
    ...frames(asShapes(SERVER_FRAMES)),
  ].join('\n\n')}\n`;
}

function section(name: string, schema: Schema, intro = ''): string {
  const heading = `### ${name}\n\n${intro}`;
  const { properties, required = [] } = schema;
  if (properties === undefined) return `${heading}${typeText(schema, false)}${limitText(schema)}.`;
  const rows = Object.entries(properties).map(([field, of]) => [
    `\`${field}\``,
    typeText(of),
    required.includes(field) ? 'yes' : 'no',
    `${of.description ?? ''}${noteText(of)}`.trim(),
  ]);
  return `${heading}${table(['field', 'type', 'required', ''], rows)}`;
}

function typeText(schema: Schema, link = true): string {
  if (link && schema.$id !== undefined && schema.$id in HTTP_SHAPES) return `[${schema.$id}](#${schema.$id.toLowerCase()})`;
  if ('const' in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeText(one)).join(' or ');
  if (schema.type === 'array' && schema.items !== undefined) return `array of ${typeText(schema.items)}`;
  if (schema.type === 'object' && schema.properties !== undefined) {
    return `{ ${Object.entries(schema.properties)
      .map(([field, of]) => `${field}: ${typeText(of)}`)
      .join(', ')} }`;
  }
  if (schema.type === 'object' && schema.patternProperties !== undefined) return 'object of strings';
  if (schema.title !== undefined) return `${schema.title}, a string`;
  if (schema.type === undefined && !('properties' in schema)) return 'any JSON';
  if (['string', 'integer', 'number', 'boolean'].includes(schema.type ?? '')) return schema.type ?? '';
  throw new Error(`the page has no words for ${JSON.stringify(schema)}`);
}

function limitText(schema: Schema): string {
  const { minItems, maxItems, minLength, maxLength, minimum, maximum } = schema;
  if (maxItems !== undefined) return `, ${minItems ?? 0} to ${number(maxItems)} of them`;
  if (maxLength !== undefined) return `, ${minLength === undefined ? 'at most' : `${minLength} to`} ${number(maxLength)} characters`;
  if (maximum !== undefined) return `, ${minimum ?? 0} to ${number(maximum)}`;
  return '';
}

function noteText(schema: Schema): string {
  const limit = limitText(schema).slice(2);
  const parts = [
    limit === '' ? '' : `${limit[0]?.toUpperCase()}${limit.slice(1)}.`,
    schema.default === undefined ? '' : `Default ${schema.default}.`,
  ];
  return parts.map((part) => (part === '' ? '' : ` ${part}`)).join('');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

const HEAD = `# Shapes on the wire

<!-- Made from packages/protocol/src/schemas: \`npm run docs\` writes it anew. -->

What goes over HTTP, server-sent events and the WebSocket, field by field. What they mean together is told in [the protocol](../protocol.md).
\`GET /openapi.json\` of a running server has the same for tools.`;
