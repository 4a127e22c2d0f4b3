import type { Client, Message } from '@restante/client';
import { hashOfBody, judge, readFinalLogs, type ReaderRecord, type Recorder, recordPublish, type Verdict } from '@restante/testkit';
import { vi } from 'vitest';

/** Subscriptions and publishes of the SDK, recorded as an application sees them: to it there is one connection, whatever became of it. */

export interface Follower {
  readonly record: ReaderRecord;
  readonly seen: readonly Message<{ readonly n: number }>[];
  readonly isLive: boolean;
}

/** Pauses before the client connects again stay random, and are a quarter as long: these tests are of what comes after. */
export function shortenPauses(): void {
  const { random } = Math;
  vi.spyOn(Math, 'random').mockImplementation(() => random() / 4);
}

/** Follows from the earliest on. @param pace is awaited after each message */
export function follow(client: Client, recorder: Recorder, pattern: string, name: string, pace?: () => Promise<void>): Follower {
  const record = recorder.reader(name, [pattern], 'every');
  record.connected('earliest');
  const subscription = client.subscribe<{ readonly n: number }>(pattern, { after: 'earliest' });
  const seen: Message<{ readonly n: number }>[] = [];
  subscription.on('gap', ({ cursor, reason }) => record.gap(cursor, reason));
  void (async () => {
    for await (const message of subscription) {
      record.message(message);
      seen.push(message);
      await pace?.();
    }
  })();
  return {
    record,
    seen,
    get isLive() {
      return subscription.isLive;
    },
  };
}

export interface Publishes {
  readonly publisher: string;
  readonly mailbox: string;
  readonly from: number;
  readonly count: number;
}

/** Publishes numbers, all at once: their order is the client's to keep. */
export async function publishNumbers(client: Client, recorder: Recorder, { publisher, mailbox, from, count }: Publishes): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const data = { n: from + i };
      const id = `${publisher}-${from + i}`;
      const request = { publisher, call: from + i, start: recorder.tick() };
      const { cursor, duplicate } = await client.publish(mailbox, data, { id });
      const sent = { mailbox, id, hash: hashOfBody({ data }) };
      recordPublish(recorder, request, [sent], [{ outcome: duplicate ? 'duplicate' : 'stored', cursor }]);
    }),
  );
}

/** What the judge says of it all, once everybody has had time. */
export async function judged(url: string, recorder: Recorder, followers: readonly Follower[]): Promise<Verdict> {
  for (const { record } of followers) record.end();
  return judge(recorder.events, await readFinalLogs(url, '/**'));
}
