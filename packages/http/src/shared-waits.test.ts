import { type Entry, parsePattern, RestanteError } from '@restante/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeWaiting } from '../testing/fake-waiting.js';
import type { PageBody } from './page-body.js';
import type { PageAfter } from './page-request.js';
import type { PageRead } from './pages.js';
import { SharedWaits } from './shared-waits.js';

const EPOCH = 'aaaaaaaa';

function wanted(changes: Partial<PageAfter> = {}): PageAfter {
  const after = new Map([['_', { epoch: EPOCH, seq: 0 }]]);
  return { direction: 'after', pattern: parsePattern('/a'), logs: ['_'], limit: 100, mode: 'every', waitMs: 1_000, after, ...changes };
}

/** A log of one mailbox, and how often it was read. */
class CountedLog {
  readonly entries: Entry[] = [];
  reads = 0;
  complete = true;

  readonly read = async ({ after }: PageAfter): Promise<PageRead> => {
    this.reads += 1;
    const from = after === 'now' ? this.entries.length : after === 'earliest' ? 0 : (after.get('_')?.seq ?? 0);
    const entries = this.entries.filter(({ seq }) => seq > from).map((entry) => ({ log: '_', epoch: EPOCH, entry }));
    return { entries, next: new Map([['_', { epoch: EPOCH, seq: this.entries.length }]]), complete: this.complete, closed: false };
  };

  append(text: string): void {
    this.entries.push({ seq: this.entries.length + 1, time: 1, mailbox: '/a', kind: 'text', data: Buffer.from(text) });
  }
}

const text = (body: PageBody | undefined) => body?.bytes.toString();

/** Only promises, and no timers, are let on: the clock is the test's. */
const promises = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

describe('shared waits', () => {
  let log: CountedLog;
  let waiting: FakeWaiting;
  let waits: SharedWaits;

  beforeEach(() => {
    vi.useFakeTimers();
    log = new CountedLog();
    waiting = new FakeWaiting();
    waits = new SharedWaits(waiting, log.read, 20_000);
  });
  afterEach(() => {
    expect(waits.count).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('makes one wait, one read and one body of ten thousand requests', async () => {
    const first = waits.join(wanted(), 'anonymous');
    await promises();
    expect(log.reads).toBe(1);
    const handles = [first, ...Array.from({ length: 9_999 }, () => waits.join(wanted(), 'anonymous'))];
    await promises();
    expect([waits.count, waiting.calls.length, log.reads]).toEqual([10_000, 1, 1]);

    log.append('news');
    waiting.arrive();
    const bodies = await Promise.all(handles.map(({ body }) => body));
    expect(log.reads).toBe(2);
    expect(new Set(bodies).size).toBe(1);
    expect(text(bodies[0])).toContain('"text":"news"');
  });

  it('answers at once where there is something already', async () => {
    log.append('there');
    const { body } = waits.join(wanted(), 'anonymous');
    expect(text(await body)).toContain('"text":"there"');
    expect(waiting.calls).toEqual([]);
  });

  it('answers at once where something is gone (I3)', async () => {
    log.complete = false;
    expect(text(await waits.join(wanted(), 'anonymous').body)).toContain('"complete":false');
  });

  it('gives each request its own deadline, and a place to go on from', async () => {
    const short = waits.join(wanted({ waitMs: 1_000 }), 'anonymous');
    await promises();
    await vi.advanceTimersByTimeAsync(400);
    const long = waits.join(wanted({ waitMs: 5_000 }), 'anonymous');
    await vi.advanceTimersByTimeAsync(600);
    expect(text(await short.body)).toBe(`{"messages":[],"next":"_.${EPOCH}.0","complete":true}`);
    expect(waits.count).toBe(1);
    await vi.advanceTimersByTimeAsync(4_400);
    expect(text(await long.body)).toContain('"messages":[]');
    expect(waiting.calls[0]?.signal.aborted).toBe(true);
  });

  it('looks again after a false alarm, from where it has looked', async () => {
    const { body } = waits.join(wanted({ after: 'earliest' }), 'anonymous');
    await promises();
    waiting.arrive();
    await promises();
    expect(waiting.calls.map(({ after }) => after.get('_')?.seq)).toEqual([0, 0]);
    log.append('news');
    waiting.arrive();
    expect(text(await body)).toContain('"text":"news"');
  });

  it('takes nobody in whom it could only lead back to long ago', async () => {
    const early = waits.join(wanted({ after: 'now', waitMs: 60_000 }), 'anonymous');
    await promises();
    await vi.advanceTimersByTimeAsync(29_000);
    const joined = waits.join(wanted({ after: 'now', waitMs: 1_000 }), 'anonymous');
    await promises();
    expect(waits.shared).toBe(1);
    log.append('of another mailbox, say');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(text(await joined.body)).toContain(`"next":"_.${EPOCH}.0"`);

    const late = waits.join(wanted({ after: 'now', waitMs: 1_000 }), 'anonymous');
    await promises();
    expect([waits.shared, log.reads]).toEqual([2, 2]);
    waits.end();
    expect(text(await late.body)).toContain(`"next":"_.${EPOCH}.1"`);
    expect(text(await early.body)).toContain('"messages":[]');
  });

  it('goes on for the others when one leaves, and ends with the last', async () => {
    const [one, two] = [waits.join(wanted(), 'anonymous'), waits.join(wanted(), 'anonymous')];
    await promises();
    one.leave();
    expect(await one.body).toBeUndefined();
    expect(waiting.calls[0]?.signal.aborted).toBe(false);
    two.leave();
    two.leave();
    expect(await two.body).toBeUndefined();
    expect(waiting.calls[0]?.signal.aborted).toBe(true);
    const later = waits.join(wanted(), 'anonymous');
    await promises();
    expect(waiting.calls.length).toBe(2);
    later.leave();
  });

  it('shares only what is the same', async () => {
    const others = [
      wanted({ pattern: parsePattern('/b') }),
      wanted({ limit: 5 }),
      wanted({ mode: 'latest' }),
      wanted({ after: 'now' }),
      wanted({ after: new Map([['_', { epoch: 'bbbbbbbb', seq: 0 }]]) }),
    ];
    const handles = [wanted(), ...others].map((request) => waits.join(request, 'anonymous'));
    handles.push(waits.join(wanted(), 'somebody'), waits.join(wanted({ waitMs: 7 }), 'anonymous'));
    await promises();
    expect(waiting.calls.length).toBe(7);
    for (const { leave } of handles) leave();
  });

  it('refuses more than may wait', async () => {
    waits = new SharedWaits(waiting, log.read, 2);
    const handles = [waits.join(wanted(), 'anonymous'), waits.join(wanted(), 'anonymous')];
    expect(() => waits.join(wanted(), 'anonymous')).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    handles[0]?.leave();
    waits.join(wanted(), 'anonymous').leave();
    handles[1]?.leave();
  });

  it('tells everybody when the log cannot be read', async () => {
    const { body } = waits.join(wanted(), 'anonymous');
    await promises();
    waiting.calls[0]?.fail(new RestanteError('LOG_UNAVAILABLE', 'away'));
    await expect(body).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });

  it('answers everybody when the server leaves', async () => {
    const looked = waits.join(wanted(), 'anonymous');
    await promises();
    const early = waits.join(wanted({ limit: 7 }), 'anonymous');
    waits.end();
    expect(text(await looked.body)).toContain('"messages":[]');
    await expect(early.body).rejects.toMatchObject({ code: 'DRAINING' });
  });
});
