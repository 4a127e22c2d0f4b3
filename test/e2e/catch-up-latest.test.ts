import { openScene, type Scene, TRANSPORTS } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** `catchUp=latest`: the newest of every mailbox, and then everything live, without a gap between (DESIGN section 3). */

const MAILBOXES = 300;
let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

describe('catching up with the latest', () => {
  it('gives the newest of every mailbox and what comes while it does, over every transport', async () => {
    const publisher = scene.publisher();
    const drop = (index: number) => ({ mailbox: `/state/${index % MAILBOXES}`, data: { index } });
    await publisher.run({ count: 10 * MAILBOXES, drop, batch: 100 });
    for (const transport of TRANSPORTS)
      for (const resumeBy of ['message', 'position'] as const)
        scene.follow({ transport, pattern: '/state/*', catchUp: 'latest', resumeBy });
    await publisher.run({ count: 10 * MAILBOXES, drop, batch: 10 });
    const verdict = await scene.finish();
    expect(verdict.published).toBe(20 * MAILBOXES);
    // Each was spared the nine values before the newest, whatever came live.
    expect(verdict.messages).toBeLessThanOrEqual(6 * 11 * MAILBOXES);
  });

  it('pages through a state that is larger than a page', async () => {
    const seen = new Map<string, number>();
    let after = 'earliest';
    for (;;) {
      const answer = await fetch(`${scene.server.url}/v1/mailboxes/state/*?catchUp=latest&limit=64&after=${after}`);
      const page = (await answer.json()) as { messages: { mailbox: string; data: { index: number } }[]; next: string };
      for (const { mailbox, data } of page.messages) seen.set(mailbox, data.index);
      after = page.next;
      if (page.messages.length === 0) break;
    }
    expect(seen.size).toBe(MAILBOXES);
    expect([...seen.values()].every((index) => index >= 9 * MAILBOXES)).toBe(true);
  });
});
