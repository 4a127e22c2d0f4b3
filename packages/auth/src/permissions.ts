import type { Access } from '@restante/protocol';

/**
 * Who may read and publish in a namespace, and whether a caller does (I9).
 * Pure: it knows neither names nor requests. Until callers can prove who they are, only `public` is ever satisfied, so a policy
 * that asks for more is refused at start (`needsTokens`) instead of locking everybody out.
 */

/** The policy of one namespace. `owner` is the subject of the token, in the mailboxes below `/<namespace>/<subject>`. */
export interface Policy {
  readonly read: Access;
  readonly publish: Access;
}

/** Who asks. */
export interface Caller {
  readonly kind: 'anonymous';
}

export const ANONYMOUS: Caller = { kind: 'anonymous' };

export function mayRead(policy: Policy, caller: Caller): boolean {
  return allows(policy.read, caller);
}

/** Purging is publishing: it appends the entry that says so. */
export function mayPublish(policy: Policy, caller: Caller): boolean {
  return allows(policy.publish, caller);
}

/** Does this policy ask for proof that no caller can give yet? */
export function needsTokens(policy: Policy): boolean {
  return [policy.read, policy.publish].some((access) => access !== 'public' && access !== 'nobody');
}

function allows(access: Access, _caller: Caller): boolean {
  return access === 'public';
}
