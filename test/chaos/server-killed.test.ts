/**
 * Goal: nobody notices that the server died, but for the delay.
 * Method: readers over every transport, exact and wildcard, `every` and `latest`, resuming in either way, follow 100,000 messages on 1,000 mailboxes
 * in two namespaces, while the server is killed with -9 five times and started again on the same port and data. Publishers repeat what they were not told of.
 * Invariants: I1, I2, I3, I8, I11, by the judge of histories; the readers drop nothing themselves.
 */
import { eventually, openScene, type Publisher, type Scene, seededRandom, TRANSPORTS, testSeed } from '@restante/testkit';
import { afterEach, expect, it } from 'vitest';

const MESSAGES = 100_000;
const MAILBOXES = 1_000;
const KILLS = 5;
const BATCH = 100;
const CONFIG = `
namespaces:
  races: { read: public, publish: public, snapshot: true }
  "*": { read: public, publish: public }
`;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

/** Half of the mailboxes in either namespace, at two depths. */
function mailboxOf(index: number): string {
  const space = index % 2 === 0 ? 'races' : 'rest';
  return index % 3 === 0 ? `/${space}/m${index}` : `/${space}/deep/m${index}`;
}

it('loses, doubles and misorders nothing when the server is killed five times under 100,000 messages', async () => {
  const random = seededRandom(testSeed('server-killed'));
  scene = await openScene({ config: CONFIG, random });
  const { server } = scene;
  for (const transport of TRANSPORTS)
    for (const catchUp of ['every', 'latest'] as const)
      for (const resumeBy of ['message', 'position'] as const)
        for (const pattern of [mailboxOf(0), mailboxOf(1), '/races/**', '/**']) {
          // Both namespaces at once is the dearest reader; each transport resumes it in one way.
          if (pattern === '/**' && (resumeBy === 'message') === (transport === 'socket' || catchUp === 'latest')) continue;
          scene.follow({ transport, pattern, catchUp, resumeBy, after: random() < 0.5 ? 'earliest' : 'now' });
        }

  const publishers = [scene.publisher('p0'), scene.publisher('p1')];
  let sent = 0;
  const publish = async (publisher: Publisher): Promise<void> => {
    while (sent < MESSAGES) {
      const first = sent;
      sent += BATCH;
      await publisher.publish(
        Array.from({ length: BATCH }, (_, i) => {
          const n = first + i;
          // Every mailbox comes round, in an order that differs from round to round.
          const mailbox = mailboxOf((n * 7 + Math.floor(n / MAILBOXES) * 13) % MAILBOXES);
          return { mailbox, data: { n, pad: 'x'.repeat(Math.floor(random() * 80)) } };
        }),
      );
    }
  };
  const publishing = Promise.all(publishers.map(publish));

  for (let kill = 1; kill <= KILLS; kill++) {
    const at = Math.floor((MESSAGES * (kill - 0.5 + random() * 0.5)) / (KILLS + 1));
    await eventually(`${at} messages`, () => publishers.reduce((sum, { acknowledged }) => sum + acknowledged, 0) >= at, {
      timeoutMs: 60_000,
      intervalMs: 2,
    });
    await server.kill('SIGKILL');
    await server.start();
  }
  await publishing;

  const verdict = await scene.finish({ timeoutMs: 60_000 });
  expect(verdict.published).toBe(MESSAGES);
});
