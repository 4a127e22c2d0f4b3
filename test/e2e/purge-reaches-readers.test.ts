import { hashOfBody, openScene, type Scene, TRANSPORTS } from '@restante/testkit';
import { parseCursor } from '@restante/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** A purge erases what a mailbox held, and is itself a message that every reader receives in its place. */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

async function purge(mailbox: string): Promise<void> {
  const answer = await fetch(`${scene.server.url}/v1/mailboxes${mailbox}`, { method: 'DELETE' });
  expect(answer.status).toBe(200);
  const { cursor } = (await answer.json()) as { cursor: string };
  for (const [log, position] of parseCursor(cursor)) scene.recorder.record({ type: 'purge', mailbox, outcome: 'stored', log, position });
}

it('reaches live readers and those who come later, over every transport and in both modes', async () => {
  const publisher = scene.publisher();
  const follow = (): void => {
    for (const transport of TRANSPORTS)
      for (const catchUp of ['every', 'latest'] as const) scene.follow({ transport, pattern: '/p/*', catchUp });
  };
  const drop = (index: number) => ({ mailbox: `/p/${index % 5}`, data: { secret: index } });
  follow();
  await publisher.run({ count: 100, drop, batch: 10 });
  await purge('/p/3');
  follow();
  await publisher.run({ count: 50, drop, batch: 10 });
  await purge('/p/4');
  follow();
  await expect(scene.finish()).resolves.toMatchObject({ ok: true, readers: 18 });

  const page = await (await fetch(`${scene.server.url}/v1/mailboxes/p/4?after=earliest`)).json();
  expect(page).toMatchObject({ messages: [{ mailbox: '/p/4', purged: true }] });
  const erased = hashOfBody({ data: { secret: 4 } });
  const late = scene.recorder.events.filter(
    (event) => event.type === 'message' && event.hash === erased && Number.parseInt(event.reader, 10) >= 12,
  );
  expect(late).toEqual([]);
});
