import { seededRandom, testSeed } from '@restante/testkit';
import { expect, it } from 'vitest';
import { type Stage, survive } from './survive.js';

/**
 * Goal: what each fault alone does not bring about, several may. Method: rounds on a fresh cluster, in each a handful of faults at random, one after the
 * other and some of them overlapping, and the judge at the end. Run by `npm run chaos -- --minutes 30`.
 */

const MINUTES = Number(process.env['RESTANTE_CHAOS_MINUTES'] ?? '5');
const FAULTS_PER_ROUND = 6;
const MINUTE_MS = 60_000;

type Fault = (stage: Stage) => Promise<unknown>;

function oneOf<T>(list: readonly T[], random: () => number): T {
  const [one] = list.slice(Math.floor(random() * list.length));
  if (one === undefined) throw new Error('there is none to choose');
  return one;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  async 'an edge is killed'({ cluster: { edges }, crowd, random }) {
    const edge = oneOf(edges, random);
    await edge.kill('SIGKILL');
    await crowd.goesOn();
    await edge.start();
  },
  async 'the serving router is killed'({ cluster, crowd }) {
    const router = await cluster.servingRouter();
    await router.kill('SIGKILL');
    await crowd.goesOn();
    await router.start();
  },
  async 'a router is killed, and started at once'({ cluster: { routers }, random }) {
    const router = oneOf(routers, random);
    await router.kill('SIGKILL');
    await router.start();
  },
  async 'the serving router is stopped for three seconds'({ cluster }) {
    const router = await cluster.servingRouter();
    router.pause();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    router.continue();
  },
  async 'the gateway is killed'({ cluster: { gateways }, random }) {
    const gateway = oneOf(gateways, random);
    await gateway.kill('SIGKILL');
    await gateway.start();
  },
  async 'a NATS server is killed'({ cluster: { nats }, crowd, random }) {
    const server = oneOf(nats.servers, random);
    await server.kill('SIGKILL');
    await crowd.goesOn();
    await server.start();
    await nats.ready();
  },
  async 'a NATS server and an edge are killed together'({ cluster: { nats, edges }, crowd, random }) {
    const server = oneOf(nats.servers, random);
    const edge = oneOf(edges, random);
    await Promise.all([server.kill('SIGKILL'), edge.kill('SIGKILL')]);
    await crowd.goesOn();
    await Promise.all([server.start(), edge.start()]);
    await nats.ready();
  },
  async 'all of NATS is killed'({ cluster: { nats } }) {
    await nats.kill();
    await nats.start();
  },
  async 'an edge and a router are restarted in order'({ cluster: { edges, routers }, random }) {
    for (const process of [oneOf(edges, random), oneOf(routers, random)]) {
      await process.kill('SIGTERM');
      await process.start();
    }
  },
};

it(`survives faults at random for ${MINUTES} minutes`, { timeout: (MINUTES + 10) * MINUTE_MS }, async () => {
  const random = seededRandom(testSeed('mixed'));
  const endAt = performance.now() + MINUTES * MINUTE_MS;
  for (let round = 1; performance.now() < endAt; round += 1) {
    const names = Array.from({ length: FAULTS_PER_ROUND }, () => oneOf(Object.keys(FAULTS), random));
    process.stderr.write(`round ${round}: ${names.join('; ')}\n`);
    const verdict = await survive(`round ${round}`, async (stage) => {
      for (const name of names) {
        await FAULTS[name]?.(stage);
        await stage.crowd.goesOn(60_000);
      }
    });
    expect(verdict).toMatchObject({ ok: true });
  }
});
