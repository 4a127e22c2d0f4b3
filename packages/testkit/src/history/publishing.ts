import type { HistoryEvent, PublishEvent, SwappedEvent } from './events.js';
import { type Known, type KnownLog, name } from './known.js';
import { Contradiction } from './verdict.js';

/**
 * What must be true of publishers and the log, whoever reads: acknowledged is stored (I1), stored is stored once (I8),
 * and a publisher's messages to one mailbox keep their order, retries included (I2).
 */

/** Notes where every acknowledged message and purge is, before readers are asked. */
export function noteAcknowledged(events: readonly HistoryEvent[], logs: ReadonlyMap<string, KnownLog>): void {
  for (const [at, event] of events.entries()) {
    if ((event.type !== 'publish' && event.type !== 'purge') || event.position === undefined || event.log === undefined) continue;
    const log = logs.get(event.log);
    if (log === undefined) throw new Contradiction('HISTORY_UNREADABLE', at, `there is no final read of log ${event.log}`);
    const { epoch, seq } = event.position;
    const { mailbox } = event;
    log.tell(epoch, event.type === 'purge' ? { seq, mailbox, purged: true } : { seq, mailbox, id: event.id }, at);
  }
}

/**
 * The same for answers that name no epoch, once all else is known. Where it is told when history was swapped, that says which epoch is meant;
 * else the entry is where it is said to be in one of the log's histories, or in one whose end is gone.
 */
export function noteAcknowledgedSeqs(events: readonly HistoryEvent[], logs: ReadonlyMap<string, KnownLog>): void {
  const swaps = events.filter((event) => event.type === 'swapped');
  for (const [at, event] of events.entries()) {
    if (event.type !== 'publish' || event.seq === undefined || event.log === undefined) continue;
    const log = logs.get(event.log);
    if (log === undefined) throw new Contradiction('HISTORY_UNREADABLE', at, `there is no final read of log ${event.log}`);
    const { mailbox, id, seq } = event;
    const told = epochThen(event, log, swaps);
    if (told !== undefined) {
      log.tell(told, { seq, mailbox, id }, at);
      continue;
    }
    const epochs = log.lineage.epochsAt(seq);
    const isKnown = epochs.some((epoch) => {
      const known = log.at(epoch, seq);
      return known?.mailbox === mailbox && known.id === id;
    });
    if (!isKnown && epochs.length === 1) log.tell(log.lineage.current, { seq, mailbox, id }, at);
  }
}

/** The log's epoch while this was published; undefined where it was swapped just then, or where epochs began that nobody tells of. */
function epochThen(event: PublishEvent, log: KnownLog, swapped: readonly SwappedEvent[]): string | undefined {
  const swaps = swapped.filter((swap) => swap.log === log.name);
  if (swaps.length !== log.lineage.epochs.length - 1) return undefined;
  const before = swaps.filter(({ end }) => end < event.start).length;
  return swaps.slice(before).every(({ start }) => event.end < start) ? log.lineage.epochs[before]?.epoch : undefined;
}

/** Whatever anybody was told of must be in the final read, where nothing justifies that it is gone. */
export function checkStored(log: KnownLog, events: readonly HistoryEvent[]): void {
  const now = log.timeline(log.lineage.current);
  for (const entry of log.all()) {
    if (entry.inFinal || !log.isRetained(entry.epoch, entry.seq) || now.purgedAfter(entry)) continue;
    const code = events[entry.at]?.type === 'message' ? 'SEEN_BUT_GONE' : 'ACKNOWLEDGED_LOST';
    throw new Contradiction(
      code,
      entry.at,
      `${name(entry)} was at ${log.name}.${entry.epoch}.${entry.seq}, and the final read does not hold it`,
    );
  }
}

/** One id in one mailbox is in the log once, unless the first was purged or retained no more when the second came. */
export function checkStoredOnce(log: KnownLog): void {
  const first = new Map<string, Known>();
  const purgedAt = new Map<string, number>();
  for (const entry of log.timeline(log.lineage.current).entries) {
    if (entry.purged) purgedAt.set(entry.mailbox, entry.seq);
    if (entry.id === undefined || entry.seq <= log.floor) continue;
    const key = `${entry.mailbox} ${entry.id}`;
    const earlier = first.get(key);
    if (earlier !== undefined && earlier.seq > (purgedAt.get(entry.mailbox) ?? 0))
      throw new Contradiction('STORED_TWICE', entry.at, `${name(entry)} is at ${log.name}.${earlier.seq} and at ${log.name}.${entry.seq}`);
    first.set(key, entry);
  }
}

/** One message of one publisher: from its first attempt to its first answer that says where it is. */
interface Sent {
  readonly id: string;
  readonly call: number;
  readonly start: number;
  readonly at: number;
  end: number;
}

/** Of two messages of one publisher to one mailbox, the one that was known to be stored before the other was sent lies before it. */
export function checkPublisherOrder(events: readonly HistoryEvent[], logs: ReadonlyMap<string, KnownLog>): void {
  const places = placesById(logs);
  for (const sent of sentByPublisher(events).values()) {
    const { mailbox } = events[(sent[0] as Sent).at] as PublishEvent;
    const placed = sent.flatMap((one) => {
      const place = places.get(`${mailbox} ${one.id}`);
      return place === undefined || place === 'several' ? [] : [{ ...one, place }];
    });
    const answered = [...placed].sort((a, b) => a.end - b.end);
    let next = 0;
    let newest: (typeof placed)[number] | undefined;
    let previous: (typeof placed)[number] | undefined;
    for (const one of placed) {
      for (let earlier = answered[next]; earlier !== undefined && earlier.end < one.start; earlier = answered[++next])
        if (
          newest === undefined ||
          one.place.log.lineage.compare(earlier.place.epoch, earlier.place.seq, newest.place.epoch, newest.place.seq) > 0
        )
          newest = earlier;
      const before = previous?.call === one.call ? later(previous, newest) : newest;
      if (before !== undefined && before.id !== one.id && isBefore(one.place, before.place))
        throw new Contradiction(
          'PUBLISHER_MISORDERED',
          one.at,
          `${one.id} was sent after ${before.id}, but is at ${one.place.seq}, before ${before.place.seq}`,
        );
      previous = one;
    }
  }
}

interface Place {
  readonly log: KnownLog;
  readonly epoch: string;
  readonly seq: number;
}

function isBefore(a: Place, b: Place): boolean {
  return a.log.lineage.compare(a.epoch, a.seq, b.epoch, b.seq) < 0;
}

function later<T extends { readonly place: Place }>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isBefore(a.place, b.place) ? b : a;
}

/** Where each id is; an id that was stored again after a fork or a purge says nothing about order. */
function placesById(logs: ReadonlyMap<string, KnownLog>): Map<string, Place | 'several'> {
  const places = new Map<string, Place | 'several'>();
  for (const log of logs.values())
    for (const entry of log.all()) {
      const key = `${entry.mailbox} ${entry.id}`;
      places.set(key, places.has(key) ? 'several' : { log, epoch: entry.epoch, seq: entry.seq });
    }
  return places;
}

/** What each publisher sent to each mailbox, in the order of first attempts. Of an id that several share, the first. */
function sentByPublisher(events: readonly HistoryEvent[]): Map<string, Sent[]> {
  const sent = new Map<string, Sent[]>();
  const byId = new Map<string, { readonly publisher: string; readonly sent: Sent }>();
  for (const [at, event] of events.entries()) {
    if (event.type !== 'publish') continue;
    const idKey = `${event.mailbox} ${event.id}`;
    const end = event.outcome === 'stored' || event.outcome === 'duplicate' ? event.end : Number.POSITIVE_INFINITY;
    const earlier = byId.get(idKey);
    if (earlier !== undefined) {
      if (earlier.publisher === event.publisher) earlier.sent.end = Math.min(earlier.sent.end, end);
      continue;
    }
    const one: Sent = { id: event.id, call: event.call, start: event.start, at, end };
    byId.set(idKey, { publisher: event.publisher, sent: one });
    const key = `${event.publisher} ${event.mailbox}`;
    const list = sent.get(key);
    if (list === undefined) sent.set(key, [one]);
    else list.push(one);
  }
  for (const list of sent.values()) list.sort((a, b) => a.start - b.start);
  return sent;
}
