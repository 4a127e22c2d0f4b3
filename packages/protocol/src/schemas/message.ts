import { type Static, Type } from 'typebox';
import { LIMITS } from '../limits.js';

/** Shapes shared by every interface: names, cursors, the Message. */

export const MailboxName = Type.String({
  title: 'mailbox',
  description: 'A mailbox name, such as /elections/us-2020/president/ohio.',
  maxLength: LIMITS.nameBytesMax,
});

export const PatternText = Type.String({
  title: 'pattern',
  description: 'A mailbox name, or a name ending in /* (one more segment) or /** (one or more).',
  maxLength: LIMITS.nameBytesMax,
});

export const CursorText = Type.String({
  title: 'cursor',
  description: 'A place in one or more logs. Opaque: keep it, send it back, on any edge of any region.',
});

export const GapReasonText = Type.Union([Type.Literal('retention'), Type.Literal('history')], {
  description: 'retention: the entries were older than the log keeps. history: the log lost or forked its history.',
});

const Headers = Type.Record(Type.String(), Type.String(), { description: 'The Restante-* headers of the publisher, names in lower case.' });

/** One message everywhere: page, SSE, socket, export. Exactly one of data, text, base64 and purged is there. */
export const Message = Type.Object(
  {
    mailbox: MailboxName,
    cursor: CursorText,
    time: Type.Integer({ description: 'When the log stored it: milliseconds since 1970.' }),
    id: Type.Optional(Type.String({ description: "The publisher's id; absent where it gave none." })),
    headers: Type.Optional(Headers),
    contentType: Type.Optional(Type.String({ description: 'Where it says more than the name of the body does.' })),
    data: Type.Optional(Type.Unknown({ description: 'A JSON body, as it was published.' })),
    text: Type.Optional(Type.String({ description: 'A body of type text/*.' })),
    base64: Type.Optional(Type.String({ description: 'Any other body.' })),
    purged: Type.Optional(Type.Literal(true, { description: 'The mailbox was purged here: forget what came before.' })),
  },
  { $id: 'Message', additionalProperties: false },
);
export type Message = Static<typeof Message>;
