import { type MsgHdrs, headers } from '@nats-io/transport-node';
import { bodyOf, type Entry, LIMITS, type NewEntry, textOf } from '@restante/protocol';
import { addressedBy, mailboxSubject, purgedSubject } from './subjects.js';

/**
 * An entry as a message of the stream, and back. What a publisher wrote past us is looked at as closely as what came by HTTP: a body that
 * is not what its headers say would break the pages of every reader (I9). What is no message of a mailbox, or
 * one of a form that came after this release, is undefined, and skipped.
 */

/** The form of an entry, where it is not the first. A release reads a new one before any release writes it. */
const FORM = 'Mailbox-Version';
const FORMS_READ = ['', '1'];
/**
 * Only where the bytes alone would be taken for something else, and on every control entry: JetStream's own acknowledgements, which a
 * publisher can have sent to any subject, carry no headers.
 */
const KIND = 'Mailbox-Kind';
const CONTENT_TYPE = 'Content-Type';
export const DEDUPE_KEY = 'Nats-Msg-Id';
const CARRIED = /^restante-[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** What JetStream's file store adds to subject, headers and body of each message; four more where there are headers. */
const RECORD_BYTES = 22 + 8 + 4;

export interface StoredMessage {
  readonly subject: string;
  readonly seq: number;
  /** Nanoseconds since 1970, as text: the proof that an entry is the one that was seen before. */
  readonly timeNs: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

export function subjectOf(log: string, { mailbox, kind }: NewEntry): string {
  return kind === 'purged' ? purgedSubject(log, mailbox) : mailboxSubject(log, mailbox);
}

/** Names and values in the order in which they are written. */
function fields({ kind, contentType, headers: carried }: NewEntry, dedupeKey: string): [string, string][] {
  const all: [string, string][] = [[DEDUPE_KEY, dedupeKey]];
  if (kind !== 'data') all.push([KIND, kind]);
  if (contentType !== undefined) all.push([CONTENT_TYPE, contentType]);
  if (carried !== undefined) all.push(...Object.entries(carried));
  return all;
}

export function headersOf(entry: NewEntry, dedupeKey: string): MsgHdrs {
  const made = headers();
  for (const [name, value] of fields(entry, dedupeKey)) made.set(name, value);
  return made;
}

/** What the stream's limit in bytes counts an entry with. */
export function storedBytes(log: string, entry: NewEntry, dedupeKey: string): number {
  const lines = fields(entry, dedupeKey).map(([name, value]) => `${name}: ${value}\r\n`);
  return RECORD_BYTES + subjectOf(log, entry).length + Buffer.byteLength(`NATS/1.0\r\n${lines.join('')}\r\n`) + entry.data.byteLength;
}

/** The id of a message in its mailbox, as the stream's window of ids knows it: those are the stream's, not the mailbox's. */
export function dedupeKeyOf(mailbox: string, id: string, after?: number): string {
  return after === undefined ? `${mailbox} ${id}` : `${after} ${mailbox} ${id}`;
}

/** Keys that this adapter gives to messages without an id, for its own retries; never shown. */
export const OWN_KEY = '~';

/** A direct publisher's key is its id as it stands. */
function idOf(mailbox: string, key: string): string | undefined {
  if (key === '' || key.startsWith(OWN_KEY)) return undefined;
  const mine = key.indexOf(`${mailbox} `);
  const id = mine === 0 || (mine > 0 && /^\d+ $/.test(key.slice(0, mine))) ? key.slice(mine + mailbox.length + 1) : key;
  return id.length > LIMITS.idBytesMax ? undefined : id;
}

export function timeMs(timeNs: string): number {
  return Number(timeNs.slice(0, -6));
}

/** Undefined: no message of a mailbox of this log, and counted as such. */
export type Decode = (message: StoredMessage) => Entry | undefined;

/** Undefined: no message of a mailbox of this log. */
export function entryOf(log: string, message: StoredMessage): Entry | undefined {
  const addressed = addressedBy(log, message.subject);
  if (addressed === undefined) return undefined;
  const { mailbox, purged } = addressed;
  const stamp = { seq: message.seq, time: timeMs(message.timeNs), mailbox };
  const { headers: given, data } = message;
  if (purged) return given?.get(KIND) === 'purged' ? { ...stamp, kind: 'purged', data: new Uint8Array() } : undefined;
  if (given === undefined) return { ...stamp, ...bodyOf(data, undefined) };
  if (!FORMS_READ.includes(given.get(FORM))) return undefined;
  const id = idOf(mailbox, given.get(DEDUPE_KEY));
  const carried = carriedBy(given);
  return {
    ...stamp,
    ...(id !== undefined && { id }),
    ...(carried !== undefined && { headers: carried }),
    ...bodySaid(data, given.get(KIND), given.get(CONTENT_TYPE)),
  };
}

function carriedBy(given: MsgHdrs): Record<string, string> | undefined {
  let carried: Record<string, string> | undefined;
  let bytes = 0;
  for (const [name, [value = '']] of given) {
    const known = name.toLowerCase();
    if (!CARRIED.test(known)) continue;
    bytes += known.length + value.length;
    if (bytes > LIMITS.headersBytesMax) break;
    (carried ??= {})[known] = value;
  }
  return carried;
}

type Body = Pick<Entry, 'kind' | 'contentType' | 'data'>;

function bodySaid(data: Uint8Array, kind: string, contentType: string): Body {
  const typed = contentType === '' ? undefined : contentType;
  const withType = typed === undefined ? {} : { contentType: typed };
  if (kind === 'text' && textOf(data) !== undefined) return { kind, ...withType, data };
  if (kind === 'base64') return { kind, ...withType, data };
  try {
    return bodyOf(data, typed);
  } catch {
    // It is not what it says that it is: the bytes as they are.
    return { kind: 'base64', ...withType, data };
  }
}
