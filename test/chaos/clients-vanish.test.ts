/**
 * Goal: a thousand clients that vanish leave nothing behind at the edges, and nobody else notices.
 * Method: two processes with 500 bare connections each, over every transport, most of a mailbox that nobody else follows; one resets all of its
 * connections, the other is killed with -9. What the edges and routers hold is counted before, meanwhile and after.
 */
import { fileURLToPath } from 'node:url';
import { Child, type Cluster, eventually, type RestanteProcess } from '@restante/testkit';
import { expect, it } from 'vitest';
import { survive } from './survive.js';

const CLIENTS = 1_000;
const PROCESS = fileURLToPath(new URL('processes/vanishing-clients.js', import.meta.url));
const GARBAGE = fileURLToPath(new URL('processes/collects-garbage.mjs', import.meta.url));
/**
 * What an edge's ring, which fills meanwhile, and the garbage of a moment add. It finds what is kept of each client where that is much; the counts
 * find the rest.
 */
const HEAP_BYTES_MORE = 6 * 1024 * 1024;

it('forgets a thousand clients that vanish, and disturbs nobody', async () => {
  const verdict = await survive(
    'clients-vanish',
    async ({ cluster, crowd }) => {
      const { edges, scene } = cluster;
      const heaps = await heapsOf(edges);
      const ports = edges.map(({ port }) => `${port}`);
      const [polite, killed] = ['a', 'b'].map(
        (name) => new Child({ command: process.execPath, args: [PROCESS, `${CLIENTS / 2}`, `/rest/vanish-${name}`, ...ports] }),
      ) as [Child, Child];
      await Promise.all([polite.says(/^here$/m, 60_000), killed.says(/^here$/m, 60_000)]);
      const held = await holdings(cluster);
      expect(held.interests).toBeGreaterThan(CLIENTS / 2);
      expect(held.connections).toBeGreaterThan(CLIENTS / 2);
      await crowd.goesOn();

      polite.signal('SIGUSR2');
      await Promise.all([polite.says(/^gone$/m), killed.kill('SIGKILL')]);
      // Everybody else has one connection and one pattern, at any edge.
      const [others, patterns] = [scene.following.length, new Set(scene.following.map(({ pattern }) => pattern)).size];
      await eventually(
        'what they held is free',
        async () => {
          const { connections, readers, interests, atRouters } = await holdings(cluster);
          expect(connections).toBeLessThanOrEqual(others);
          // One that follows everything touches two logs.
          expect(readers).toBeLessThanOrEqual(2 * others);
          expect(interests).toBeLessThanOrEqual(2 * patterns * edges.length);
          expect(atRouters).toBeLessThanOrEqual(2 * patterns * edges.length * cluster.routers.length);
          return true;
        },
        { timeoutMs: 30_000 },
      );
      await eventually(
        'their memory is free',
        async () => {
          for (const [i, bytes] of (await heapsOf(edges)).entries()) expect(bytes).toBeLessThan((heaps[i] ?? 0) + HEAP_BYTES_MORE);
          return true;
        },
        { timeoutMs: 30_000, intervalMs: 500 },
      );
      await polite.kill();
    },
    { env: { NODE_OPTIONS: `--import ${GARBAGE}` } },
  );
  expect(verdict).toMatchObject({ ok: true });
});

interface Holdings {
  readonly connections: number;
  readonly readers: number;
  readonly interests: number;
  readonly atRouters: number;
}

async function holdings({ edges, routers }: Cluster): Promise<Holdings> {
  const sum = async (processes: readonly RestanteProcess[], name: string): Promise<number> =>
    (await Promise.all(processes.map((process) => process.metric(name)))).reduce((total, count) => total + count, 0);
  return {
    connections: await sum(edges, 'restante_edge_connections'),
    readers: await sum(edges, 'restante_edge_readers'),
    interests: await sum(edges, 'restante_edge_interests'),
    atRouters: await sum(routers, 'restante_router_interests'),
  };
}

/** What is in use, but for what came since the garbage was collected. */
function heapsOf(edges: readonly RestanteProcess[]): Promise<number[]> {
  for (const { pid } of edges) process.kill(pid, 'SIGUSR2');
  return Promise.all(edges.map((edge) => edge.metric('restante_nodejs_heap_size_used_bytes')));
}
