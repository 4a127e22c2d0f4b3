import { type Static, Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { After, CatchUp } from './http.js';
import { CursorText, GapReasonText, MailboxName, Message, PatternText } from './message.js';

/**
 * The frames of `GET /v1/socket`, subprotocol `restante.v1`. The server refuses unknown fields; clients ignore them.
 */

export const SUBPROTOCOL = 'restante.v1';

const strict = { additionalProperties: false } as const;

const Ref = Type.String({
  minLength: 1,
  maxLength: LIMITS.refBytesMax,
  description: 'Chosen by the client; comes back in what concerns this request.',
});
const OptionalRef = Type.Optional(Ref);

const Subscribe = Type.Object(
  {
    type: Type.Literal('subscribe'),
    ref: Ref,
    mailbox: PatternText,
    after: Type.Optional(After),
    last: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageMessagesMax })),
    catchUp: Type.Optional(CatchUp),
  },
  { $id: 'subscribe', ...strict },
);
const Unsubscribe = Type.Object({ type: Type.Literal('unsubscribe'), ref: Ref }, { $id: 'unsubscribe', ...strict });
const Publish = Type.Object(
  {
    type: Type.Literal('publish'),
    ref: Ref,
    mailbox: MailboxName,
    data: Type.Unknown(),
    id: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.idBytesMax })),
  },
  { $id: 'publish', ...strict },
);

/** What a client may send, by type. */
export const CLIENT_FRAMES = { subscribe: Subscribe, unsubscribe: Unsubscribe, publish: Publish } as const;

export type SubscribeFrame = Static<typeof Subscribe>;
export type UnsubscribeFrame = Static<typeof Unsubscribe>;
export type PublishFrame = Static<typeof Publish>;
export type ClientFrame = SubscribeFrame | UnsubscribeFrame | PublishFrame;

/** What the server sends, by type. */
export const SERVER_FRAMES = {
  hello: Type.Object(
    {
      type: Type.Literal('hello'),
      version: Type.String(),
      region: Type.String(),
      heartbeatMs: Type.Integer({
        description:
          'While a subscription is live, a `position` or something else comes at least so often; after two missed, connect again.',
      }),
      limits: Type.Object({ frameBytes: Type.Integer(), messageBytes: Type.Integer(), subscriptions: Type.Integer() }, strict),
    },
    { $id: 'hello', ...strict },
  ),
  subscribed: Type.Object(
    { type: Type.Literal('subscribed'), ref: Ref, cursor: CursorText, complete: Type.Boolean(), reason: Type.Optional(GapReasonText) },
    { $id: 'subscribed', ...strict },
  ),
  messages: Type.Object(
    {
      type: Type.Literal('messages'),
      for: Type.Optional(
        Type.Array(Ref, { description: 'Catch-up, for these subscriptions only. Absent: for every live subscription that matches.' }),
      ),
      cursor: CursorText,
      messages: Type.Array(Message),
    },
    { $id: 'messages', ...strict },
  ),
  live: Type.Object({ type: Type.Literal('live'), ref: Ref, cursor: CursorText }, { $id: 'live', ...strict }),
  position: Type.Object({ type: Type.Literal('position'), cursor: CursorText }, { $id: 'position', ...strict }),
  behind: Type.Object({ type: Type.Literal('behind') }, { $id: 'behind', ...strict }),
  gap: Type.Object({ type: Type.Literal('gap'), ref: Ref, cursor: CursorText, reason: GapReasonText }, { $id: 'gap', ...strict }),
  published: Type.Object(
    { type: Type.Literal('published'), ref: Ref, cursor: CursorText, duplicate: Type.Boolean() },
    { $id: 'published', ...strict },
  ),
  drain: Type.Object({ type: Type.Literal('drain'), retryAfterMs: Type.Integer() }, { $id: 'drain', ...strict }),
  error: Type.Object(
    {
      type: Type.Literal('error'),
      ref: OptionalRef,
      code: Type.String(),
      message: Type.String(),
      retryable: Type.Boolean(),
      retryAfterMs: Type.Optional(Type.Integer()),
    },
    { $id: 'error', ...strict },
  ),
} as const;

export type ServerFrames = { readonly [K in keyof typeof SERVER_FRAMES]: Static<(typeof SERVER_FRAMES)[K]> };
export type ServerFrame = ServerFrames[keyof ServerFrames];
