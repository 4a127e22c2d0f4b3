import { writeSync } from 'node:fs';
import { openLmdbBackend } from '@restante/backend/lmdb';

/**
 * Publishes to the log `m` of a folder until it is killed, and says on standard output, a line of JSON each and at once:
 * what it is about to append, what was acknowledged, and what a reader beside it has read.
 * Arguments: folder, durability, round, and the messages of unknown outcome to repeat first, as JSON.
 */

const [folder = '', durability, round = '', repeat = '[]'] = process.argv.slice(2);
const PUBLISHERS = 4;

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const message = ({ mailbox, id }) => ({ mailbox, id, kind: 'text', data: Buffer.from(id) });

const backend = await openLmdbBackend({ folder, durability });
const log = await backend.openLog('m', { idWindowMs: 600_000 });
const { epochs, head } = await log.state();
say({ opened: epochs.length });

async function append(messages) {
  for (const { mailbox, id } of messages) say({ sent: { mailbox, id } });
  const outcomes = await log.append(messages.map(message));
  outcomes.forEach((outcome, i) => {
    if (!outcome.ok) throw outcome.error;
    say({ acknowledged: { ...messages[i], seq: outcome.position.seq } });
  });
}

async function publish(publisher) {
  for (let n = 0; ; n += 1) {
    const size = 1 + (n % 4);
    await append(Array.from({ length: size }, (_, i) => ({ mailbox: `/m/${publisher}`, id: `${round}-${publisher}-${n}-${i}` })));
  }
}

async function follow() {
  const after = { epoch: epochs.at(-1).epoch, seq: head };
  for await (const batch of log.tail(after, new AbortController().signal)) {
    for (const { seq, id } of batch.entries) say({ read: { seq, id } });
  }
}

const unknown = JSON.parse(repeat);
if (unknown.length > 0) await append(unknown);
await Promise.all([follow(), ...Array.from({ length: PUBLISHERS }, (_, i) => publish(i))]);
