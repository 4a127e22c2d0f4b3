import { formatPosition } from './cursor.js';

/**
 * A message as stored, and the one JSON that every reader gets of it. `data` is bytes: between publisher and client nobody parses it.
 */

/** Under which name the body travels in a Message; `purged` is a control entry that has none. */
export type EntryKind = 'data' | 'text' | 'base64' | 'purged';

export interface Entry {
  readonly seq: number;
  /** Milliseconds since 1970, given by the log; never goes back within a log. */
  readonly time: number;
  readonly mailbox: string;
  readonly kind: EntryKind;
  readonly id?: string;
  /** Kept only where it says more than `kind` does. */
  readonly contentType?: string;
  /** `Restante-*` headers of the publisher, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `data`: valid JSON in UTF-8 on one line; `text`: UTF-8; `base64`: any bytes; `purged`: empty. */
  readonly data: Uint8Array;
}

/** What a publisher drops. */
export type NewEntry = Omit<Entry, 'seq' | 'time'>;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The bytes an entry is counted with in every bounded buffer (I7): all that a publisher chose the size of, and a fair guess at the rest. */
export function entryBytes(entry: NewEntry): number {
  let bytes = entry.data.byteLength + entry.mailbox.length + (entry.id?.length ?? 0) + (entry.contentType?.length ?? 0) + 96;
  for (const name in entry.headers) bytes += name.length + (entry.headers[name]?.length ?? 0);
  return bytes;
}

/** One Message, as JSON on one line. JSON bodies are put in as they were stored. */
export function messageJson(log: string, epoch: string, entry: Entry): string {
  let json = `{"mailbox":"${entry.mailbox}","cursor":"${formatPosition(log, { epoch, seq: entry.seq })}","time":${entry.time}`;
  if (entry.kind === 'purged') return `${json},"purged":true}`;
  if (entry.id !== undefined) json += `,"id":${JSON.stringify(entry.id)}`;
  if (entry.headers !== undefined) json += `,"headers":${JSON.stringify(entry.headers)}`;
  if (entry.contentType !== undefined) json += `,"contentType":${JSON.stringify(entry.contentType)}`;
  return `${json},"${entry.kind}":${bodyJson(entry)}}`;
}

function bodyJson({ kind, data }: Entry): string {
  if (kind === 'data') return utf8.decode(data);
  if (kind === 'text') return JSON.stringify(utf8.decode(data));
  return `"${toBase64(data)}"`;
}

function toBase64(data: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < data.length; i += 8_192) binary += String.fromCharCode(...data.subarray(i, i + 8_192));
  return btoa(binary);
}
