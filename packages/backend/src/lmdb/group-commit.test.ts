import type { RestanteError } from '@restante/protocol';
import { expect, it } from 'vitest';
import { GroupCommit } from './group-commit.js';

it('settles every work, and says that it ended, where the free space cannot be asked for', async () => {
  const planted = new Error('planted');
  const fatal: unknown[] = [];
  const commits = new GroupCommit({
    space: {
      refusal() {
        throw planted;
      },
    },
    commit: async (write) => write(),
    waitingBytesMax: 1_000,
    onFatal: (error) => fatal.push(error),
  });
  const submit = () =>
    new Promise<RestanteError | undefined>((resolve) => {
      commits.submit({
        writer: { seal: () => {}, settle: () => {} },
        bytes: 1,
        diskBytes: 1,
        frees: false,
        alone: false,
        write: () => {},
        stored: () => resolve(undefined),
        refused: resolve,
      });
    });
  expect((await Promise.all([submit(), submit()])).map((error) => error?.code)).toEqual(['LOG_UNAVAILABLE', 'LOG_UNAVAILABLE']);
  expect(fatal).toEqual([planted]);
  expect((await submit())?.code).toBe('LOG_UNAVAILABLE');
  await commits.close();
});
