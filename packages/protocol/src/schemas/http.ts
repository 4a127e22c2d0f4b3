import { type Static, Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { CursorText, GapReasonText, MailboxName, Message, PatternText } from './message.js';

/** Every HTTP shape of DESIGN section 8. OpenAPI and the SDK's types come from here. */

const strict = { additionalProperties: false } as const;

export const CatchUp = Type.Union([Type.Literal('every'), Type.Literal('latest')], {
  description: 'every: all messages. latest: the newest of each mailbox, then everything live.',
});
export type CatchUp = Static<typeof CatchUp>;

export const After = Type.String({ description: '"now", "earliest", or a cursor.' });

/** RFC 9457 problem details, with the code that programs decide by. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Address of the page that explains the code.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'One of docs/errors.md.' }),
    retryable: Type.Boolean({ description: 'May the same request succeed later?' }),
    retryAfterMs: Type.Optional(Type.Integer()),
  },
  { $id: 'Problem', ...strict },
);
export type Problem = Static<typeof Problem>;

/** What a publish is answered with: 201 stored, 200 stored before. */
export const Published = Type.Object(
  {
    mailbox: MailboxName,
    cursor: CursorText,
    seq: Type.Integer({ minimum: 1 }),
    time: Type.Optional(
      Type.Integer({ description: 'Milliseconds since 1970, where the log tells it with its acknowledgement; each Message has it.' }),
    ),
    duplicate: Type.Boolean({ description: 'This id was stored in this mailbox before; this is the first one.' }),
  },
  { $id: 'Published', ...strict },
);
export type Published = Static<typeof Published>;

/** Request headers of a publish; every other `Restante-*` header travels with the message. */
export const PublishHeaders = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({ minLength: 1, maxLength: LIMITS.idBytesMax, description: 'The id of the message: repeated, it is stored once.' }),
  ),
  'Restante-Release-At': Type.Optional(Type.String({ description: 'When to release it; needs a courier.' })),
});

/** One message of a batch. Exactly one of data, text and base64. */
export const PublishItem = Type.Object(
  {
    mailbox: MailboxName,
    data: Type.Optional(Type.Unknown()),
    text: Type.Optional(Type.String()),
    base64: Type.Optional(Type.String({ contentEncoding: 'base64' })),
    contentType: Type.Optional(Type.String({ maxLength: 255 })),
    id: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.idBytesMax })),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    releaseAt: Type.Optional(Type.Union([Type.String(), Type.Integer()], { description: 'When to release it; needs a courier.' })),
  },
  { $id: 'PublishItem', ...strict },
);
export type PublishItem = Static<typeof PublishItem>;

export const PublishBatch = Type.Array(PublishItem, { $id: 'PublishBatch', minItems: 1, maxItems: LIMITS.batchMessagesMax });

/** The results of a batch, one per message, in order: stored, or the problem that this one had. */
export const PublishResults = Type.Object({ results: Type.Array(Type.Union([Published, Problem])) }, { $id: 'PublishResults', ...strict });
export type PublishResults = Static<typeof PublishResults>;

export const PageQuery = Type.Object(
  {
    after: Type.Optional(After),
    before: Type.Optional(Type.String({ description: 'A cursor: the page that ends just before it. Only patterns within one namespace.' })),
    last: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageMessagesMax, description: 'The newest so many. Not with after.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageMessagesMax, default: LIMITS.pageMessagesDefault })),
    wait: Type.Optional(
      Type.Number({ minimum: 0, maximum: LIMITS.waitSecondsMax, description: 'Seconds to wait where there is nothing yet: a long poll.' }),
    ),
    catchUp: Type.Optional(CatchUp),
  },
  strict,
);
export type PageQuery = Static<typeof PageQuery>;

/** Messages in ascending order, and the cursor to go on with. */
export const Page = Type.Object(
  {
    messages: Type.Array(Message),
    next: CursorText,
    complete: Type.Boolean({ description: 'False: messages between `after` and the first of these are gone.' }),
    reason: Type.Optional(GapReasonText),
  },
  { $id: 'Page', ...strict },
);
export type Page = Static<typeof Page>;

export const ListQuery = Type.Object(
  {
    pattern: PatternText,
    after: Type.Optional(CursorText),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageMessagesMax, default: LIMITS.pageMessagesDefault })),
  },
  strict,
);
export type ListQuery = Static<typeof ListQuery>;

/** Mailboxes by their newest message, ascending by its place in the log. */
export const MailboxList = Type.Object(
  {
    mailboxes: Type.Array(Type.Object({ mailbox: MailboxName, head: CursorText, time: Type.Integer() }, strict)),
    next: CursorText,
  },
  { $id: 'MailboxList', ...strict },
);
export type MailboxList = Static<typeof MailboxList>;

export const Purged = Type.Object({ mailbox: MailboxName, cursor: CursorText }, { $id: 'Purged', ...strict });
export type Purged = Static<typeof Purged>;

export const StreamQuery = Type.Object(
  {
    mailbox: Type.Union([PatternText, Type.Array(PatternText, { minItems: 1, maxItems: LIMITS.subscriptionsMax })]),
    after: Type.Optional(After),
    last: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageMessagesMax })),
    catchUp: Type.Optional(CatchUp),
  },
  { $id: 'StreamQuery', ...strict },
);
export type StreamQuery = Static<typeof StreamQuery>;

/** Data of the SSE events `live` and `gap`. */
export const StreamLive = Type.Object({ cursor: CursorText }, { $id: 'StreamLive', ...strict });
export const StreamGap = Type.Object({ cursor: CursorText, reason: GapReasonText }, { $id: 'StreamGap', ...strict });

export const Health = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('not ready')]),
    reasons: Type.Array(Type.String(), { description: 'Why it is not ready.' }),
  },
  { $id: 'Health', ...strict },
);
export type Health = Static<typeof Health>;
