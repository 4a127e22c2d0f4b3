/**
 * Who may read and publish in a namespace, and whether a caller does (I9).
 * Pure: it knows neither names nor requests. Until callers can prove who they are, only `public` is ever satisfied, so a policy
 * that asks for more is refused at start (`needsTokens`) instead of locking everybody out.
 */

export const AUDIENCES = ['public', 'token', 'key', 'owner', 'nobody'] as const;

/** `owner`: the subject of the token, in mailboxes below `/<namespace>/<subject>`. */
export type Audience = (typeof AUDIENCES)[number];

/** The policy of one namespace. */
export interface Access {
  readonly read: Audience;
  readonly publish: Audience;
}

/** Who asks. */
export interface Caller {
  readonly kind: 'anonymous';
}

export const ANONYMOUS: Caller = { kind: 'anonymous' };

export function mayRead(access: Access, caller: Caller): boolean {
  return includes(access.read, caller);
}

/** Purging is publishing: it appends the entry that says so. */
export function mayPublish(access: Access, caller: Caller): boolean {
  return includes(access.publish, caller);
}

/** Does this policy ask for proof that no caller can give yet? */
export function needsTokens(access: Access): boolean {
  return [access.read, access.publish].some((audience) => audience !== 'public' && audience !== 'nobody');
}

function includes(audience: Audience, _caller: Caller): boolean {
  return audience === 'public';
}
