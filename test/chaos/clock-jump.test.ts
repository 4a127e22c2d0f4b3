/**
 * Goal: no clock of Restante's own decides anything (DESIGN section 4: time is the log's): leases, ids, retention and delivery hold when it jumps.
 * Method: the clocks of the serving router, of an edge and of the gateway jump an hour ahead, then to an hour behind, then back, while all go on; the
 * clocks of NATS stay. An id that was published before is published again at those processes after each jump (I8).
 */
import { fileURLToPath } from 'node:url';
import { eventually, HttpSender, type RestanteProcess, type Scene } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

const CLOCK = fileURLToPath(new URL('processes/jumping-clock.mjs', import.meta.url));
const TIMES = ['an hour ahead', 'an hour behind', 'right again'] as const;
const MAILBOXES = ['/news/m0', '/rest/m1'] as const;

it('loses, doubles and misorders nothing when clocks jump by an hour', async () => {
  const verdict = await survive(
    'clock-jump',
    async ({ cluster, crowd }) => {
      const [edge] = cluster.edges;
      const [gateway] = cluster.gateways;
      if (edge === undefined || gateway === undefined) throw new Error('there are an edge and a gateway');
      const first = await publishAll(cluster.scene, gateway, 'before');
      expect(new Set(first)).toEqual(new Set(['stored']));
      for (const [i, time] of TIMES.entries()) {
        for (const process of [await cluster.servingRouter(), edge, gateway]) await jump(process);
        expect(await publishAll(cluster.scene, gateway, `at the gateway, ${time}`)).toEqual(first.map(() => 'duplicate'));
        expect(await publishAll(cluster.scene, edge, `at the edge, ${time}`)).toEqual(first.map(() => 'duplicate'));
        await crowd.goesOn();
        for (const process of cluster.processes) await process.ready();
        expect(jumpsOf(edge)).toBe(i + 1);
      }
    },
    { env: { NODE_OPTIONS: `--import ${CLOCK}` } },
  );
  expect(verdict).toMatchObject({ ok: true });
});

/** @returns the outcomes of the same ids, once in each log */
async function publishAll(scene: Scene, { url }: RestanteProcess, name: string): Promise<string[]> {
  const publisher = scene.publisher(name, new HttpSender(url));
  const outcomes = await publisher.publish(MAILBOXES.map((mailbox) => ({ mailbox, data: { once: true }, id: 'once' })));
  return outcomes.map(({ outcome }) => outcome);
}

function jumpsOf({ stderr }: RestanteProcess): number {
  return stderr.match(/^the clock says /gm)?.length ?? 0;
}

async function jump(process: RestanteProcess): Promise<void> {
  const before = jumpsOf(process);
  globalThis.process.kill(process.pid, 'SIGUSR2');
  await eventually('the clock has jumped', () => jumpsOf(process) > before);
}
