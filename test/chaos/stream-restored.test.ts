/**
 * Goal: readers who saw what a restored backup does not hold are told, and nobody else (I3, I11).
 * Method: the one NATS server is stopped and its folder of the stream of `news` copied; later, when much more was published and read, it is killed,
 * the copy put back, and the server started: under the same processes, whose readers and publishers go on. One server, so that the folder is the stream.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPEN } from '@restante/protocol';
import { natsRequest, type Scene, STREAMS } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';
import { toldOfHistory } from './told.js';

it('tells the readers that were beyond a backup which is put back, and no others', async () => {
  let scene: Scene | undefined;
  let lost = 0;
  const verdict = await survive(
    'stream-restored',
    async ({ cluster, crowd }) => {
      ({ scene } = cluster);
      const { nats } = cluster;
      const folder = join(nats.server(0).storeFolder, 'jetstream', '$G', 'streams', STREAMS.news);
      const backup = await mkdtemp(join(tmpdir(), 'restante-backup-'));
      await nats.kill();
      await cp(folder, backup, { recursive: true });
      await nats.start();
      await crowd.goesOn();
      lost = await lastSeq(nats.url);
      await scene.recorder.swapping('news', async () => {
        await nats.kill();
        await rm(folder, { recursive: true });
        await cp(backup, folder, { recursive: true });
        await nats.start();
      });
      await rm(backup, { recursive: true });
    },
    {
      natsServers: 1,
      finish: async ({ cluster }) => {
        const epochs = await cluster.epochs();
        const [before, now] = epochs.get('news') ?? [];
        expect(now?.upTo).toBe(OPEN);
        expect(before?.upTo).toBeGreaterThan(0);
        expect(before?.upTo).toBeLessThan(lost);
        expect(epochs.get('_')?.length).toBe(1);
        return { epochs };
      },
    },
  );
  expect(verdict).toMatchObject({ ok: true });
  const patterns = scene === undefined ? [] : toldOfHistory(scene);
  expect(patterns.length).toBeGreaterThan(100);
  expect(patterns.filter((pattern) => pattern.startsWith('/rest/'))).toEqual([]);
});

async function lastSeq(url: string): Promise<number> {
  const info = (await natsRequest(url, `$JS.API.STREAM.INFO.${STREAMS.news}`)) as { readonly state: { readonly last_seq: number } };
  return info.state.last_seq;
}
