import type { Message } from '@restante/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { Feed } from './links/link.js';
import type { SubscribeOptions } from './options.js';
import { Subscription } from './subscription.js';

const message = (seq: number, epoch = 'epoch001'): Message => ({ mailbox: '/a', cursor: `_.${epoch}.${seq}`, time: seq, data: seq });

function open(options: SubscribeOptions<number> = {}) {
  const owner = { onRoom: vi.fn(), onEnd: vi.fn() };
  let registered: Feed | undefined;
  const subscription = new Subscription<number>('/a', options, owner, (feed) => (registered = feed));
  const feed = registered as Feed;
  const send = (...seqs: number[]): void => seqs.forEach((seq) => feed.message(message(seq), 10));
  return { subscription, feed, owner, send, iterator: subscription[Symbol.asyncIterator]() };
}

describe('a subscription', () => {
  it('takes each message once, and drops what is at or before its place', async () => {
    const seen: number[] = [];
    const { feed, send } = open({ onMessage: ({ data }) => seen.push(data) });
    send(1, 2, 2, 1, 3);
    feed.position('_.epoch001.7');
    send(5, 8);
    expect(seen).toEqual([1, 2, 3, 8]);
  });

  it('starts from the cursor that it is given, and resumes from what it received, not from what was taken', async () => {
    const { feed, subscription, send, iterator } = open({ after: '_.epoch001.4' });
    expect(feed.resumeAt).toBe('_.epoch001.4');
    send(3, 5, 6);
    expect((await iterator.next()).value?.data).toBe(5);
    expect([subscription.cursor, feed.resumeAt]).toEqual(['_.epoch001.5', '_.epoch001.6']);
  });

  it('does not run ahead of the message that is in the hands of the application', async () => {
    const { feed, subscription, send, iterator } = open();
    const events: string[] = [];
    subscription.on('live', () => events.push('live'));
    subscription.on('gap', ({ reason }) => events.push(reason));
    const first = iterator.next();
    send(1);
    feed.position('_.epoch001.9');
    feed.live();
    feed.gap('_.epoch002.0', 'history');
    expect((await first).value?.data).toBe(1);
    expect([subscription.cursor, subscription.isLive, events]).toEqual(['_.epoch001.1', false, []]);
    void iterator.next();
    expect([subscription.cursor, subscription.isLive, events]).toEqual(['_.epoch002.0', true, ['live', 'history']]);
  });

  it('goes back where a gap says so, and only then', () => {
    const seen: string[] = [];
    const { feed } = open({ onMessage: ({ cursor }) => seen.push(cursor) });
    feed.began('_.epoch001.5', true, undefined);
    feed.message(message(5), 10);
    feed.gap('_.epoch001.2', 'history');
    feed.message(message(3), 10);
    feed.gap(undefined, 'history');
    feed.message(message(1, 'epoch002'), 10);
    expect(seen).toEqual(['_.epoch001.3', '_.epoch002.1']);
  });

  it('is full at its limit, and asks for more when half of it was taken', async () => {
    const { feed, owner, send, iterator } = open({ bufferMessagesMax: 4 });
    send(1, 2, 3);
    expect([feed.isFull, feed.room]).toEqual([false, 1]);
    send(4);
    expect(feed.isFull).toBe(true);
    await iterator.next();
    expect(owner.onRoom).not.toHaveBeenCalled();
    await iterator.next();
    expect([feed.isFull, owner.onRoom.mock.calls.length]).toEqual([false, 1]);
  });

  it('counts characters too', () => {
    const { send, feed } = open({ bufferCharsMax: 30 });
    send(1, 2, 3);
    expect(feed.isFull).toBe(true);
  });

  it('ends with the loop that is left', async () => {
    const { subscription, owner, send } = open();
    send(1, 2);
    for await (const { data } of subscription) if (data === 1) break;
    expect(owner.onEnd).toHaveBeenCalledTimes(1);
  });

  it('ends with its signal, and what waits for it ends too', async () => {
    const stop = new AbortController();
    const { owner, iterator, send } = open({ signal: stop.signal });
    const waiting = iterator.next();
    stop.abort();
    send(1);
    await expect(waiting).resolves.toEqual({ done: true, value: undefined });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
    expect(owner.onEnd).toHaveBeenCalledTimes(1);
  });

  it('never begins with a signal that is over', async () => {
    const { feed, iterator } = open({ signal: AbortSignal.abort() });
    expect(feed).toBeUndefined();
    await expect(iterator.next()).resolves.toMatchObject({ done: true });
  });

  it('gives what waits before it throws what it was refused with', async () => {
    const { feed, send, iterator } = open();
    send(1);
    feed.refused(new Error('no'));
    expect((await iterator.next()).value?.data).toBe(1);
    await expect(iterator.next()).rejects.toThrow('no');
    await expect(iterator.next()).resolves.toMatchObject({ done: true });
  });

  it('tells a listener of its refusal, and the loop that waits', async () => {
    const { feed, subscription, iterator } = open();
    const errors: Error[] = [];
    subscription.on('error', (error) => errors.push(error));
    const waiting = iterator.next();
    feed.refused(new Error('no'));
    await expect(waiting).rejects.toThrow('no');
    expect(errors).toHaveLength(1);
  });
});
