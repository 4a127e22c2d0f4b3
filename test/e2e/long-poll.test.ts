import { openScene, type Scene } from '@restante/testkit';
import type { Page } from '@restante/protocol/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** `wait=`: an answer comes with the first message, or when the time is over, and never without a place to go on from. */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

async function page(query: string): Promise<Page> {
  const answer = await fetch(`${scene.server.url}/v1/mailboxes/poll?${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Page;
}

describe('a long poll', () => {
  it('answers at once where there is something', async () => {
    await scene.publisher('a').publish([{ mailbox: '/poll', data: 1 }]);
    const started = performance.now();
    expect((await page('after=earliest&wait=30')).messages).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('answers with the first message that comes', async () => {
    const { next } = await page('after=earliest');
    const waiting = page(`after=${next}&wait=30`);
    await scene.publisher('b').publish([{ mailbox: '/poll', data: 2 }]);
    expect((await waiting).messages).toMatchObject([{ data: 2 }]);
  });

  it('is empty when the time is over, and says where to go on', async () => {
    const { next } = await page('after=earliest');
    const started = performance.now();
    const empty = await page(`after=${next}&wait=0.3`);
    expect(empty).toMatchObject({ messages: [], complete: true });
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);
    await scene.publisher('c').publish([{ mailbox: '/poll', data: 3 }]);
    expect((await page(`after=${empty.next}`)).messages).toMatchObject([{ data: 3 }]);
  });

  it('with `now` waits for what comes from here on', async () => {
    const start = await page('after=now&wait=0');
    expect(start.messages).toEqual([]);
    const waiting = page(`after=${start.next}&wait=30`);
    await scene.publisher('d').publish([{ mailbox: '/poll', data: 4 }]);
    expect((await waiting).messages).toMatchObject([{ data: 4 }]);
  });

  it('from a cursor ahead of the edge shows only what comes after it', async () => {
    const [first] = await scene.publisher('e').publish([{ mailbox: '/poll', data: 5 }]);
    const waiting = page(`after=${first?.cursor}&wait=30`);
    await scene.publisher('f').publish([{ mailbox: '/poll', data: 6 }]);
    expect((await waiting).messages).toMatchObject([{ data: 6 }]);
  });
});
