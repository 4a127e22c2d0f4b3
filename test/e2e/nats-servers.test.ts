import { launchNats, NATS_VERSIONS, type Nats, natsRequest } from '@restante/testkit';
import { afterEach, expect, it } from 'vitest';

/** A cluster of real NATS servers as the other tests take it for granted: killed and started again, and telling who leads what. */

let nats: Nats;

afterEach(() => nats.stop());

function createStream(name: string, replicas: number): Promise<unknown> {
  return natsRequest(nats.url, `$JS.API.STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], num_replicas: replicas });
}

async function lastSeq(stream: string, url: string): Promise<number> {
  const { state } = (await natsRequest(url, `$JS.API.STREAM.INFO.${stream}`)) as { state: { last_seq: number } };
  return state.last_seq;
}

it.each(NATS_VERSIONS)('of three servers, the %s, any may be killed and started again, and the others tell who leads', async (version) => {
  nats = await launchNats({ version, servers: 3 });
  await createStream('WIDE', 3);
  await createStream('NARROW', 1);
  await natsRequest(nats.url, '$JS.API.CONSUMER.DURABLE.CREATE.WIDE.tail', {
    stream_name: 'WIDE',
    config: { durable_name: 'tail', ack_policy: 'explicit', num_replicas: 1, mem_storage: true },
  });
  await natsRequest(nats.url, 'WIDE.a');
  await natsRequest(nats.url, 'NARROW.a');

  const before = await nats.leaderOf('WIDE');
  const [tail, ...others] = await nats.consumersOf('WIDE');
  expect(others).toEqual([]);
  expect(tail).toMatchObject({ name: 'tail', pending: 1, ackPending: 0 });
  expect(nats.servers).toContain(tail?.server);

  await before.kill('SIGKILL');
  const after = await nats.leaderOf('WIDE');
  expect(after).not.toBe(before);
  await natsRequest(after.url, 'WIDE.b');
  await before.start();
  await nats.ready();
  for (const { url } of nats.servers) expect(await lastSeq('WIDE', url)).toBe(2);

  await nats.kill();
  expect(nats.servers.map(({ isRunning }) => isRunning)).toEqual([false, false, false]);
  await nats.start();
  await Promise.all([nats.leaderOf('WIDE'), nats.leaderOf('NARROW')]);
  expect([await lastSeq('WIDE', nats.url), await lastSeq('NARROW', nats.url)]).toEqual([2, 1]);
});
