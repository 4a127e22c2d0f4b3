import type { HistoryEvent } from './events.js';

/** What the judge can say: one code for each way in which a history can be wrong, and the invariant that it breaks. */

export const CONTRADICTIONS = {
  LOST: 'I3: a reader passed over a stored message that it was owed',
  UNKNOWN_SEEN_BY_SOME: 'I3: a message of unknown outcome was stored, but this reader passed over it',
  DOUBLED: 'I6: a reader received a message again that lies at or before where it stood',
  MISORDERED: 'I2: a reader received a message after a newer one',
  NOT_ASKED_FOR: 'I9: a reader received a message of a mailbox that none of its patterns matches',
  PURGED_BUT_SENT: 'I3: a reader received what a purge had erased before it connected',
  FOREIGN: 'I9: a message that nobody published',
  REFUSED_BUT_STORED: 'I1: a message that was refused is there all the same',
  OTHER_BYTES: 'I1: a message has other bytes than were published',
  TWO_AT_ONE_POSITION: 'I11: one position holds two different messages',
  ACKNOWLEDGED_LOST: 'I1: an acknowledged message is not in the log',
  SEEN_BUT_GONE: 'I1: a reader received a message that is not in the log',
  STORED_TWICE: 'I8: one id is stored twice in one mailbox',
  PUBLISHER_MISORDERED: "I2: a publisher's messages to one mailbox are stored in another order",
  LOG_MISORDERED: 'I2: the final read of the log does not ascend, or begins below its floor',
  GAP_WITHOUT_CAUSE: 'I3: a gap was told that neither the floor nor an epoch justifies',
  GAP_AFTER_NEWER: 'I3: a gap was told only after something newer than it',
  LATEST_NOT_NEWEST: "I3: a `latest` reader passed over a mailbox's newest message",
  LATEST_WENT_BACK: 'I2: a `latest` reader received an older message of a mailbox than it had',
  POSITION_WENT_BACK: 'I3: a position was told that lies before where the reader stood',
  EPOCH_CHANGED_SILENTLY: 'I11: a reader beyond a fork was not told that its history is gone',
  HISTORY_UNREADABLE: 'the history itself cannot be judged: an event is missing or broken',
} as const;

export type ContradictionCode = keyof typeof CONTRADICTIONS;

/** Thrown inside the judge, where the first contradiction ends it; `judge` itself returns a verdict. */
export class Contradiction extends Error {
  readonly code: ContradictionCode;
  /** Index of the event that gives it away; -1 where it is the final read. */
  readonly at: number;

  constructor(code: ContradictionCode, at: number, detail: string) {
    super(detail);
    this.code = code;
    this.at = at;
  }
}

export type Verdict =
  | { readonly ok: true; readonly messages: number; readonly readers: number; readonly published: number }
  | { readonly ok: false; readonly code: ContradictionCode; readonly at: number; readonly text: string };

const AROUND = 6;

/** The contradiction for a person: what, where, and the events of the same reader or mailbox around it. */
export function describeContradiction(events: readonly HistoryEvent[], { code, at, message }: Contradiction): string {
  const lines = [`${code}: ${message}`, `(${CONTRADICTIONS[code]})`];
  const event = events[at];
  if (event === undefined) return lines.join('\n');
  const related = (other: HistoryEvent): boolean =>
    'reader' in event
      ? 'reader' in other && other.reader === event.reader
      : 'mailbox' in event && 'mailbox' in other && other.mailbox === event.mailbox;
  const before: number[] = [];
  for (let i = at - 1; i >= 0 && before.length < AROUND; i--) if (related(events[i] as HistoryEvent)) before.unshift(i);
  const after: number[] = [];
  for (let i = at + 1; i < events.length && after.length < AROUND; i++) if (related(events[i] as HistoryEvent)) after.push(i);
  for (const i of [...before, at, ...after]) lines.push(`${i === at ? '→' : ' '} ${String(i).padStart(7)} ${JSON.stringify(events[i])}`);
  return lines.join('\n');
}
