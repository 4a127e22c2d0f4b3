import type { Entry, EntryKind, Epochs, GapReason } from '@restante/protocol';
import { entryBytes } from '@restante/protocol';
import { ByteReader, ByteWriter } from './bytes.js';
import type {
  Attach,
  Attached,
  Beat,
  Beats,
  Command,
  Commands,
  Frame,
  LinkName,
  PageAnswer,
  Read,
  ReadAnswer,
  WireMessage,
} from './messages.js';

/**
 * The link's messages as bytes. Each begins with its version and its type; a reader that does not know one of them drops the
 * message, and the link mends or attaches elsewhere (docs/delivery.md, L13). `data` is carried, never looked into.
 */

/** The newest version that this release speaks. It speaks the one before too: that is how releases replace each other one by one. */
export const WIRE_VERSION = 1;

const TYPES = ['attach', 'attached', 'commands', 'frame', 'beats', 'read', 'answer'] as const satisfies readonly WireMessage['type'][];
const KINDS = ['data', 'text', 'base64', 'purged'] as const satisfies readonly EntryKind[];
const REASONS = [undefined, 'retention', 'history'] as const satisfies readonly (GapReason | undefined)[];

type Writers = { readonly [M in WireMessage as M['type']]: (w: ByteWriter, message: M) => void };
type Readers = { readonly [M in WireMessage as M['type']]: (r: ByteReader, version: number) => M };

export function encode(message: WireMessage): Uint8Array {
  const w = new ByteWriter(sizeOf(message));
  w.u8(message.version);
  w.u8(TYPES.indexOf(message.type));
  (WRITE[message.type] as (w: ByteWriter, message: WireMessage) => void)(w, message);
  return w.finish();
}

/** @returns undefined for what is no message of `newest` or a version below. An attach is read in every version (L13). */
export function decode(bytes: Uint8Array, newest = WIRE_VERSION): WireMessage | undefined {
  try {
    const r = new ByteReader(bytes);
    const version = r.u8();
    const type = TYPES[r.u8()];
    const isNewer = version > newest;
    if (version === 0 || type === undefined || (isNewer && type !== 'attach')) return undefined;
    const message = READ[type](r, version);
    // What a newer edge's attach says beyond the fields of this one is for newer routers.
    return r.isAtEnd || isNewer ? message : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const WRITE: Writers = {
  attach(w, m: Attach) {
    w.text(m.log);
    w.text(m.edge);
    w.f64(m.attempt);
    w.list(m.patterns, (p) => w.text(p));
  },
  attached(w, m: Attached) {
    writeLink(w, m);
    w.text(m.instance);
    writeEpochs(w, m.epochs);
    w.f64(m.position);
    w.list(m.refused, (p) => w.text(p));
  },
  commands(w, m: Commands) {
    writeLink(w, m);
    w.list(m.commands, (c) => {
      w.f64(c.r);
      w.u8(c.op === 'watch' ? 1 : 0);
      w.text(c.pattern);
    });
  },
  frame(w, m: Frame) {
    writeBeat(w, m);
    w.f64(m.from);
    w.list(m.entries, (e) => writeEntry(w, e));
  },
  beats(w, m: Beats) {
    w.list(m.beats, (b) => writeBeat(w, b));
  },
  read(w, m: Read) {
    writeLink(w, m);
    w.f64(m.id);
    w.list(m.patterns, (p) => w.text(p));
    w.text(m.epoch);
    w.f64(m.after);
    w.u8(m.mode === 'latest' ? 1 : 0);
    w.u32(m.limit);
    w.u32(m.bytes);
  },
  answer(w, m: ReadAnswer) {
    w.text(m.log);
    w.f64(m.id);
    w.u8(m.page === 'miss' ? 0 : 1);
    if (m.page !== 'miss') writePage(w, m.page);
  },
};

const READ: Readers = {
  attach: (r, version) => ({
    type: 'attach',
    version,
    log: r.text(),
    edge: r.text(),
    attempt: r.f64(),
    patterns: r.list(() => r.text()),
  }),
  attached: (r, version) => ({
    type: 'attached',
    ...readLink(r, version),
    instance: r.text(),
    epochs: readEpochs(r),
    position: r.f64(),
    refused: r.list(() => r.text()),
  }),
  commands: (r, version) => ({ type: 'commands', ...readLink(r, version), commands: r.list(() => readCommand(r)) }),
  frame: (r, version) => ({ type: 'frame', ...readBeat(r, version), from: r.f64(), entries: r.list(() => readEntry(r)) }),
  beats: (r, version) => ({ type: 'beats', version, beats: r.list(() => readBeat(r, version)) }),
  read: (r, version) => ({
    type: 'read',
    ...readLink(r, version),
    id: r.f64(),
    patterns: r.list(() => r.text()),
    epoch: r.text(),
    after: r.f64(),
    mode: r.u8() === 1 ? 'latest' : 'every',
    limit: r.u32(),
    bytes: r.u32(),
  }),
  answer: (r, version) => ({ type: 'answer', version, log: r.text(), id: r.f64(), page: r.u8() === 0 ? 'miss' : readPage(r) }),
};

function writeLink(w: ByteWriter, m: LinkName): void {
  w.text(m.log);
  w.text(m.edge);
  w.f64(m.attempt);
  w.text(m.half);
}

function readLink(r: ByteReader, version: number): LinkName {
  return { version, log: r.text(), edge: r.text(), attempt: r.f64(), half: r.text() };
}

function writeBeat(w: ByteWriter, m: Beat): void {
  writeLink(w, m);
  w.f64(m.r);
  w.list(m.refused, (n) => w.f64(n));
  w.text(m.epoch);
  w.f64(m.upTo);
}

function readBeat(r: ByteReader, version: number): Beat {
  return { ...readLink(r, version), r: r.f64(), refused: r.list(() => r.f64()), epoch: r.text(), upTo: r.f64() };
}

function readCommand(r: ByteReader): Command {
  return { r: r.f64(), op: r.u8() === 1 ? 'watch' : 'unwatch', pattern: r.text() };
}

function writeEpochs(w: ByteWriter, epochs: Epochs): void {
  w.list(epochs, (e) => {
    w.text(e.epoch);
    w.f64(e.upTo);
  });
}

function readEpochs(r: ByteReader): Epochs {
  return r.list(() => ({ epoch: r.text(), upTo: r.f64() }));
}

function writePage(w: ByteWriter, page: PageAnswer): void {
  writeEpochs(w, page.epochs);
  w.f64(page.start);
  w.f64(page.next);
  w.f64(page.head);
  w.u8(page.complete ? 1 : 0);
  w.u8(REASONS.indexOf(page.reason));
  w.list(page.entries, (e) => writeEntry(w, e));
}

function readPage(r: ByteReader): PageAnswer {
  const page = { epochs: readEpochs(r), start: r.f64(), next: r.f64(), head: r.f64(), complete: r.u8() === 1 };
  const reason = REASONS[r.u8()];
  const entries = r.list(() => readEntry(r));
  return reason === undefined ? { ...page, entries } : { ...page, reason, entries };
}

/** Which optional fields follow. */
const HAS_ID = 1;
const HAS_CONTENT_TYPE = 2;
const HAS_HEADERS = 4;

function writeEntry(w: ByteWriter, e: Entry): void {
  w.f64(e.seq);
  w.f64(e.time);
  w.text(e.mailbox);
  w.u8(KINDS.indexOf(e.kind));
  w.u8(
    (e.id === undefined ? 0 : HAS_ID) | (e.contentType === undefined ? 0 : HAS_CONTENT_TYPE) | (e.headers === undefined ? 0 : HAS_HEADERS),
  );
  if (e.id !== undefined) w.text(e.id);
  if (e.contentType !== undefined) w.text(e.contentType);
  if (e.headers !== undefined) {
    w.list(Object.entries(e.headers), ([name, value]) => {
      w.text(name);
      w.text(value);
    });
  }
  w.bytes(e.data);
}

function readEntry(r: ByteReader): Entry {
  const seq = r.f64();
  const time = r.f64();
  const mailbox = r.text();
  const kind = KINDS[r.u8()] ?? 'base64';
  const has = r.u8();
  return {
    seq,
    time,
    mailbox,
    kind,
    ...(has & HAS_ID ? { id: r.text() } : undefined),
    ...(has & HAS_CONTENT_TYPE ? { contentType: r.text() } : undefined),
    ...(has & HAS_HEADERS ? { headers: Object.fromEntries(r.list(() => [r.text(), r.text()] as const)) } : undefined),
    data: r.bytes(),
  };
}

function sizeOf(message: WireMessage): number {
  const entries =
    message.type === 'frame' ? message.entries : message.type === 'answer' && message.page !== 'miss' ? message.page.entries : [];
  let bytes = 256;
  for (const entry of entries) bytes += entryBytes(entry);
  return bytes;
}
