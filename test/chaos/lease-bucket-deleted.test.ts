/**
 * Goal: what Restante notes beside the messages can be lost while it runs, and no reader is told of it, for no history was lost.
 * Method: the bucket of leases is deleted, and then the bucket with each log's record; both are made again, the records as they were.
 */
import { isDeepStrictEqual } from 'node:util';
import { eventually, natsRequest } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

const LOGS = 2;

it('loses, doubles and misorders nothing when the bucket of leases is deleted, nor when that of the records is', async () => {
  const verdict = await survive('lease-bucket-deleted', async ({ cluster, crowd }) => {
    const { nats, routers } = cluster;
    const epochs = await cluster.epochs();
    const remove = async (bucket: string): Promise<void> => {
      expect(await natsRequest(nats.url, `$JS.API.STREAM.DELETE.KV_${bucket}`)).toMatchObject({ success: true });
    };

    await remove('restante_leases');
    await nats.leaderOf('KV_restante_leases');
    await eventually('each log is served by one router', async () => {
      const serving = await Promise.all(routers.map((router) => router.metric('restante_router_serving')));
      return serving.reduce((sum, logs) => sum + logs, 0) === LOGS;
    });
    await crowd.goesOn();

    await remove('restante_logs');
    await nats.leaderOf('KV_restante_logs');
    await eventually('the records are there again', async () => isDeepStrictEqual(await cluster.epochs(), epochs));
  });
  expect(verdict).toMatchObject({ ok: true });
});
