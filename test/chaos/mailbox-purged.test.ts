/**
 * Goal: what a purge erased reaches nobody who comes when it is done, and all else reaches everybody, in order.
 * Method: mailboxes of both logs are purged one after the other while all publish and follow; readers of each kind begin at the start of everything
 * before each purge, and again when every edge has passed it on. The judge knows from which moment on nothing erased may come.
 */
import { parseCursor, type Position } from '@restante/protocol';
import { eventually, type Follower, type Scene, TRANSPORTS } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

const PURGED = ['/news/m0', '/rest/m1', '/news/m2', '/rest/m3'] as const;

it('gives what was purged to nobody who comes later, and everything else to everybody', async () => {
  const verdict = await survive('mailbox-purged', async ({ cluster: { edges, scene }, random }) => {
    const witnesses = edges.map(({ url }) => scene.follow({ transport: 'socket', pattern: '/**', url }));
    for (const mailbox of PURGED) {
      readEverything(scene, mailbox);
      const url = random() < 0.5 ? scene.edgeUrl() : scene.gatewayUrl();
      const [log, position] = await purge(url, mailbox);
      await passedOn(witnesses, log, position);
      scene.recorder.record({ type: 'purge', mailbox, outcome: 'stored', log, position, everywhere: scene.recorder.tick() });
      readEverything(scene, mailbox);
    }
  });
  expect(verdict).toMatchObject({ ok: true });
});

/** By every transport and in both modes, each through another pattern. */
function readEverything(scene: Scene, mailbox: string): void {
  const patterns = [mailbox, `${mailbox.slice(0, mailbox.lastIndexOf('/'))}/*`, '/**'];
  for (const [i, pattern] of patterns.entries())
    for (const catchUp of ['every', 'latest'] as const)
      scene.follow({ transport: TRANSPORTS[i] ?? 'socket', pattern, catchUp, resumeBy: 'message' });
}

async function purge(url: string, mailbox: string): Promise<readonly [string, Position]> {
  const answer = await fetch(`${url}/v1/mailboxes${mailbox}`, { method: 'DELETE' });
  const { cursor } = (await answer.json()) as { readonly cursor: string };
  const [place] = parseCursor(cursor);
  if (place === undefined) throw new Error(`the purge of ${mailbox} has no place`);
  return place;
}

function passedOn(witnesses: readonly Follower[], log: string, { seq }: Position): Promise<unknown> {
  return eventually('every edge has passed on the purge', () => witnesses.every((witness) => witness.seqIn(log) >= seq), {
    timeoutMs: 30_000,
  });
}
