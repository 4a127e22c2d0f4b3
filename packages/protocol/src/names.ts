import { RestanteError } from './errors.js';
import { LIMITS } from './limits.js';

/**
 * Names of mailboxes and patterns over them: parse, match, cover (DESIGN section 3).
 * Pure text; knows nothing of logs. Parsing is strict and done once, at the border; inside, a name is a string that was checked.
 */

const SEGMENT = '[A-Za-z0-9\\-_!~()$@]+';
const NAME = new RegExp(`^(?:/${SEGMENT}){1,${LIMITS.nameSegmentsMax}}$`);
const STRANGER = /[^A-Za-z0-9\-_!~()$@/]/u;

/** First segments that no broadcast pattern reaches: `/meta` is the protocol's, `/service` goes to backends only. */
const RESERVED = /^\/(?:meta|service)(?:\/|$)/;

/**
 * A mailbox name, or a name ending in `/*` (exactly one more segment) or `/**` (one or more).
 * `base` is the name without the wildcard: `''` for `/*` and `/**`.
 */
export interface Pattern {
  readonly text: string;
  readonly base: string;
  readonly kind: 'exact' | 'one' | 'many';
}

export function isMailbox(text: string): boolean {
  return text.length <= LIMITS.nameBytesMax && NAME.test(text);
}

/** @throws RestanteError `MAILBOX_INVALID` */
export function parseMailbox(text: string): string {
  if (!isMailbox(text)) throw new RestanteError('MAILBOX_INVALID', `${quote(text)} is not a mailbox name: ${whyNoName(text, text)}`);
  return text;
}

/** @throws RestanteError `PATTERN_INVALID` */
export function parsePattern(text: string): Pattern {
  const pattern = split(text);
  const valid = pattern.base === '' ? pattern.kind !== 'exact' : isMailbox(pattern.base);
  if (!valid || text.length > LIMITS.nameBytesMax)
    throw new RestanteError('PATTERN_INVALID', `${quote(text)} is not a pattern: ${whyNoName(text, pattern.base)}`);
  return pattern;
}

/** In a few words, for what was found to be no name. @param base without the wildcard, where there may be one */
function whyNoName(text: string, base: string): string {
  if (text === '') return 'it is empty';
  if (!text.startsWith('/')) return 'it must begin with /';
  if (text.includes('//')) return 'it has an empty segment';
  if (text.endsWith('/')) return 'it ends in /';
  const stranger = STRANGER.exec(base)?.[0];
  if (stranger === '*') return '* may only be the last segment, and only of a pattern';
  if (stranger !== undefined) return `${quote(stranger)} is not allowed`;
  if (text.length > LIMITS.nameBytesMax) return `it is longer than ${LIMITS.nameBytesMax} bytes`;
  return `it has more than ${LIMITS.nameSegmentsMax} segments`;
}

function split(text: string): Pattern {
  if (text.endsWith('/**')) return { text, base: text.slice(0, -3), kind: 'many' };
  if (text.endsWith('/*')) return { text, base: text.slice(0, -2), kind: 'one' };
  return { text, base: text, kind: 'exact' };
}

export function isReserved(name: string): boolean {
  return RESERVED.test(name);
}

export function firstSegment(name: string): string {
  const end = name.indexOf('/', 1);
  return end < 0 ? name.slice(1) : name.slice(1, end);
}

/** Does `pattern` take `mailbox`? `/*` and `/**` do not reach into `/meta` and `/service`. */
export function matches(pattern: Pattern, mailbox: string): boolean {
  if (pattern.kind === 'exact') return pattern.base === mailbox;
  return isBelow(pattern, mailbox) && (pattern.kind === 'many' || mailbox.indexOf('/', pattern.base.length + 1) < 0);
}

/** Does `wide` take every mailbox that `narrow` takes? */
export function covers(wide: Pattern, narrow: Pattern): boolean {
  if (wide.text === narrow.text) return true;
  if (narrow.kind === 'exact') return matches(wide, narrow.base);
  // `/a/**` takes all of `/a/*`, `/a/b/*` and `/a/b/**`; `/a/*` takes no other wildcard.
  return wide.kind === 'many' && (wide.base === narrow.base || isBelow(wide, narrow.base));
}

function isBelow(pattern: Pattern, name: string): boolean {
  const { base } = pattern;
  if (!(name.length > base.length + 1 && name.charCodeAt(base.length) === 0x2f && name.startsWith(base))) return false;
  return base !== '' || !isReserved(name);
}

/** What a peer sent, cut to a length that is safe to repeat to it. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
