import { openScene, type Scene } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** What a purge erased is shown to nobody who comes later, whatever others had read before it. */

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

/** All that a stream sends until everything from before is there. */
async function streamed(query: string): Promise<string> {
  const response = await fetch(`${scene.server.url}/v1/stream?${query}`);
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes('event: live')) break;
  }
  return text;
}

it.each(['every', 'latest'])('not even where a page of it was read before, and nobody was there when it went (%s)', async (catchUp) => {
  const mailbox = `/secrets-${catchUp}/a`;
  const publish = (body: string) => fetch(`${scene.server.url}/v1/mailboxes${mailbox}`, { method: 'POST', body });
  await publish('whispered');
  const query = `mailbox=/secrets-${catchUp}/**&after=earliest&catchUp=${catchUp}`;
  expect(await streamed(query)).toContain('whispered');
  expect((await fetch(`${scene.server.url}/v1/mailboxes${mailbox}`, { method: 'DELETE' })).status).toBe(200);
  const after = await streamed(query);
  expect(after).toContain('"purged":true');
  expect(after).not.toContain('whispered');
});
