import { firstSegment, isMailbox, type Pattern, REST_LOG } from '@restante/protocol';

/**
 * Names on NATS (DESIGN section 3): `/a/b` is `mailbox.a.b`, and `mailbox._.a.b` in the log of `*`, because streams may not overlap.
 * The control entry of a purge has a root of its own, on which publishers have no permission.
 */

const MAILBOX = 'mailbox';
const PURGED = 'purged';
const ROOTS = [MAILBOX, PURGED] as const;
type Root = (typeof ROOTS)[number];

export function streamName(log: string): string {
  return `MAILBOX_${log}`;
}

/** `mailbox.<ns>.>` alone would miss `/<ns>` itself. */
export function streamSubjects(log: string): string[] {
  return ROOTS.flatMap((root) => [`${root}.${log}`, `${root}.${log}.>`]);
}

export function mailboxSubject(log: string, mailbox: string): string {
  return subject(MAILBOX, log, mailbox);
}

export function purgedSubject(log: string, mailbox: string): string {
  return subject(PURGED, log, mailbox);
}

function subject(root: Root, log: string, name: string): string {
  const inside = log === REST_LOG ? name : name.slice(log.length + 1);
  return `${root}.${log}${inside.replaceAll('/', '.')}`;
}

export interface Addressed {
  readonly mailbox: string;
  readonly purged: boolean;
}

/** @returns undefined for what is no mailbox of this log. */
export function addressedBy(log: string, text: string): Addressed | undefined {
  // A token may hold what parts the segments of a name.
  if (text.includes('/')) return undefined;
  const purged = text.startsWith(`${PURGED}.`);
  const inside = text.slice((purged ? PURGED : MAILBOX).length + 1);
  const mailbox = `/${(log === REST_LOG ? inside.slice(REST_LOG.length + 1) : inside).replaceAll('.', '/')}`;
  if (!isMailbox(mailbox) || firstSegment(mailbox) === 'meta') return undefined;
  return { mailbox, purged };
}

/** The subjects that a reading asks for: filters that together take every name of the patterns, and perhaps more. */
export interface Filters {
  /** Messages; one filter, so that the oldest servers understand it. Undefined: everything in the stream, control entries too. */
  readonly messages: string | undefined;
  /** Control entries of the same names; empty where `messages` is everything. */
  readonly purged: readonly string[];
  /** The same, for a reading of each subject's newest, which cannot do without a filter. */
  readonly newest: readonly string[];
}

export function filtersOf(log: string, patterns: readonly Pattern[]): Filters {
  const [only, ...more] = patterns;
  const filter = only !== undefined && more.length === 0 ? filterOf(log, only) : prefixOf(log, patterns);
  if (filter === undefined) return { messages: undefined, purged: [], newest: streamSubjects(log) };
  const purged = `${PURGED}${filter.slice(MAILBOX.length)}`;
  return { messages: filter, purged: [purged], newest: [filter, purged] };
}

/** Undefined: the whole log. */
function filterOf(log: string, { base, kind }: Pattern): string | undefined {
  if (kind === 'exact') return mailboxSubject(log, base);
  const top = log === REST_LOG ? '' : `/${log}`;
  // Wider than the log, or as wide as a log of one segment: `/**`, `/*` of a namespace's log.
  if (base === '' && log !== REST_LOG) return kind === 'many' ? undefined : mailboxSubject(log, top);
  if (base === '') return kind === 'many' ? undefined : `${MAILBOX}.${log}.*`;
  return `${mailboxSubject(log, base)}.${kind === 'many' ? '>' : '*'}`;
}

/** The filter of the longest name that lies above all patterns. */
function prefixOf(log: string, patterns: readonly Pattern[]): string | undefined {
  // What a name is below: an exact one lies below its parent.
  const above = patterns.map(({ base, kind }) => (kind === 'exact' ? base.slice(0, base.lastIndexOf('/')) : base).split('/').slice(1));
  const [first = [], ...rest] = above;
  let shared = 0;
  while (shared < first.length && rest.every((segments) => segments[shared] === first[shared])) shared += 1;
  return shared === 0 ? undefined : `${mailboxSubject(log, `/${first.slice(0, shared).join('/')}`)}.>`;
}
