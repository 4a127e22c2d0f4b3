/**
 * Goal: everything can be restarted, and so upgraded, without anybody being asked to wait for a quiet hour.
 * Method: gateways, edges and routers roll at once, as a deployment lets them, and then the NATS servers: in each of these, one process after the other
 * gets SIGTERM, ends by itself, is started again, and the next one's turn comes when it is ready, as docs/operating/faults.md says.
 */
import type { RestanteProcess } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

it('loses, doubles and misorders nothing when every process is restarted, one after the other', async () => {
  const verdict = await survive('rolling-restart', async ({ cluster: { nats, gateways, edges, routers } }) => {
    await Promise.all([gateways, edges, routers].map(roll));
    for (const server of nats.servers) {
      await server.kill('SIGTERM');
      await server.start();
      await nats.ready();
    }
  });
  expect(verdict).toMatchObject({ ok: true });
});

async function roll(processes: readonly RestanteProcess[]): Promise<void> {
  for (const process of processes) {
    expect(await process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await process.start();
    await process.ready();
  }
}
