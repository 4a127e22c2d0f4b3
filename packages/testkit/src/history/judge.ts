import { type HistoryEvent, parsePatterns, type ReaderEvent } from './events.js';
import { type FinalLog, KnownLog, Published } from './known.js';
import { checkPublisherOrder, checkStored, checkStoredOnce, noteAcknowledged, noteAcknowledgedSeqs } from './publishing.js';
import { type ReaderStory, Run } from './run.js';
import { Contradiction, describeContradiction, type Verdict } from './verdict.js';

/**
 * The one judge of histories (I1, I2, I3, I5, I6, I8, I11): a recorded history and the final read of the logs in, the first contradiction out.
 * Pure: no clock, no files; models, kill tests, browsers and regions are all judged by it.
 */
export function judge(events: readonly HistoryEvent[], finals: readonly FinalLog[]): Verdict {
  try {
    const published = new Published(events);
    const logs = new Map(finals.map((final) => [final.log, new KnownLog(final, published)]));
    noteAcknowledged(events, logs);
    noteSeen(events, logs, published);
    noteAcknowledgedSeqs(events, logs);
    for (const log of logs.values()) {
      checkStored(log, events);
      checkStoredOnce(log);
    }
    checkPublisherOrder(events, logs);
    const stories = readerStories(events);
    let messages = 0;
    for (const story of stories) messages += new Run(story, events, logs, published).walk();
    return { ok: true, messages, readers: stories.length, published: published.count };
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    return { ok: false, code: error.code, at: error.at, text: describeContradiction(events, error) };
  }
}

/** Notes what every reader received: a message that one of them saw is owed to all. */
function noteSeen(events: readonly HistoryEvent[], logs: ReadonlyMap<string, KnownLog>, published: Published): void {
  for (const [at, event] of events.entries()) {
    if (event.type !== 'message') continue;
    const log = logs.get(event.log);
    if (log === undefined) throw new Contradiction('HISTORY_UNREADABLE', at, `there is no final read of log ${event.log}`);
    log.receive(event.epoch, event, at, published);
  }
}

function readerStories(events: readonly HistoryEvent[]): ReaderStory[] {
  const stories = new Map<string, { reader: ReaderEvent; patterns: ReaderStory['patterns']; told: number[] }>();
  for (const [at, event] of events.entries()) {
    if (event.type === 'publish' || event.type === 'purge' || event.type === 'swapped') continue;
    if (event.type === 'reader') {
      if (stories.has(event.reader)) throw new Contradiction('HISTORY_UNREADABLE', at, `two readers are called ${event.reader}`);
      stories.set(event.reader, { reader: event, patterns: parsePatterns(event), told: [] });
      continue;
    }
    const story = stories.get(event.reader);
    if (story === undefined) throw new Contradiction('HISTORY_UNREADABLE', at, `nothing says what reader ${event.reader} asked for`);
    story.told.push(at);
  }
  return [...stories.values()];
}
