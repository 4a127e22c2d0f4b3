/**
 * Goal: a stream that was deleted and made anew is not taken for the one that it replaces (I11), however alike they look.
 * Method: the stream of `news` is deleted under its readers and publishers, made anew with the same configuration, and filled by a NATS client with
 * as many entries as it had. What it held is lost by the operator's deed; the judge knows when, and what was acknowledged on which side of it.
 */
import { OPEN } from '@restante/protocol';
import { natsRequest, type Scene, STREAMS } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';
import { toldOfHistory } from './told.js';

interface StreamInfo {
  readonly config: object;
  readonly state: { readonly last_seq: number };
}

const FILLERS = 8;

it('tells every reader of a stream that was made anew, and nobody else', async () => {
  let scene: Scene | undefined;
  const verdict = await survive(
    'stream-made-anew',
    async ({ cluster }) => {
      ({ scene } = cluster);
      const { url } = cluster.nats;
      const ask = (call: string, body: unknown = ''): Promise<unknown> => natsRequest(url, `$JS.API.STREAM.${call}.${STREAMS.news}`, body);
      const { config, state } = (await ask('INFO')) as StreamInfo;
      await scene.recorder.swapping('news', async () => {
        expect(await ask('DELETE')).toMatchObject({ success: true });
        expect(await ask('CREATE', config)).toMatchObject({ config: { name: STREAMS.news } });
      });
      await Promise.all(
        Array.from({ length: FILLERS }, (_, filler) =>
          cluster
            .natsPublisher(`filler ${filler}`)
            .run({ count: Math.ceil(state.last_seq / FILLERS), drop: (n) => ({ mailbox: `/news/m${2 * (n % 10)}`, data: { n } }) }),
        ),
      );
    },
    {
      finish: async ({ cluster }) => {
        const epochs = await cluster.epochs();
        expect(epochs.get('news')?.map(({ upTo }) => upTo)).toEqual([0, OPEN]);
        expect(epochs.get('_')?.length).toBe(1);
        return { epochs };
      },
    },
  );
  expect(verdict).toMatchObject({ ok: true });
  const patterns = scene === undefined ? [] : toldOfHistory(scene);
  // A third of the readers follow the other log alone; one that asked for what comes next, and was not answered yet, has no history to lose.
  expect(patterns.length).toBeGreaterThan(100);
  expect(patterns.filter((pattern) => pattern.startsWith('/rest/'))).toEqual([]);
});
