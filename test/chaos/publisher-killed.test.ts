import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openLmdbBackend } from '@restante/backend/lmdb';
import { parsePattern } from '@restante/protocol';
import { seededRandom, testSeed } from '@restante/testkit';
import { expect, it } from 'vitest';

/*
 * Goal: what the log acknowledged or showed is still there when its process was killed (I1), in order and once (I2, I8).
 * Method: a process publishes from four publishers to one folder, with a reader beside them, and is killed with -9 at a random moment,
 * at times while it opens the folder; the next round opens the same folder and repeats what had no outcome, with the same ids.
 * After each round the whole log is compared with all that was ever acknowledged or read.
 * A kill leaves the page cache: that nothing is shown before the flush is proven beside the adapter, with a flush that is held back.
 */

const ROUNDS = 50;
const PUBLISHER = fileURLToPath(new URL('processes/publisher.js', import.meta.url));
/** Longest life of a publisher after it began to publish; the whole then takes well under a minute. */
const LIFE_MS_MAX = 300;

interface Sent {
  readonly mailbox: string;
  readonly id: string;
}

type Line =
  | { readonly sent: Sent }
  | { readonly acknowledged: Sent & { readonly seq: number } }
  | { readonly read: { readonly seq: number; readonly id: string } }
  | { readonly opened: number };

/** All that was ever said by any publisher. */
class Said {
  readonly acknowledged = new Map<string, number>();
  readonly read = new Map<number, string>();
  readonly unknown = new Map<string, Sent>();

  add(line: Line): void {
    if ('sent' in line) this.unknown.set(line.sent.id, line.sent);
    else if ('read' in line) this.read.set(line.read.seq, line.read.id);
    else if ('acknowledged' in line) {
      this.acknowledged.set(line.acknowledged.id, line.acknowledged.seq);
      this.unknown.delete(line.acknowledged.id);
    }
  }
}

it('loses and doubles nothing that was acknowledged or read, however often the publisher is killed', async () => {
  const random = seededRandom(testSeed('publisher-killed'));
  const folder = await mkdtemp(join(tmpdir(), 'restante-killed-'));
  const said = new Said();
  for (let round = 0; round < ROUNDS; round += 1) {
    // Both ways to commit are used on the one folder, as an operator may who changes his mind.
    const durability = random() < 0.8 ? 'disk' : 'process';
    const whileOpening = random() < 0.1;
    await publishAndKill([folder, durability, `${round}`, JSON.stringify([...said.unknown.values()])], whileOpening, random, said);
    await compare(folder, said);
  }
  expect(said.acknowledged.size).toBeGreaterThan(ROUNDS * 10);
  expect(said.read.size).toBeGreaterThan(ROUNDS * 10);
  await rm(folder, { recursive: true });
});

async function publishAndKill(args: string[], whileOpening: boolean, random: () => number, said: Said): Promise<void> {
  const child = spawn(process.execPath, [PUBLISHER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, 'close');
  const kill = (afterMs: number): unknown => setTimeout(() => child.kill('SIGKILL'), afterMs);
  if (whileOpening) kill(100 + 300 * random());
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line may be torn.
    if (!line.endsWith('}}') && !line.startsWith('{"opened"')) continue;
    const parsed = JSON.parse(line) as Line;
    said.add(parsed);
    if ('opened' in parsed && !whileOpening) kill(LIFE_MS_MAX * random());
  }
  await ended;
  expect(child.signalCode, `it ended by itself: ${complaint}`).toBe('SIGKILL');
}

async function compare(folder: string, said: Said): Promise<void> {
  const backend = await openLmdbBackend({ folder });
  try {
    const log = await backend.openLog('m', { idWindowMs: 600_000 });
    const { epochs } = await log.state();
    expect(epochs.length).toBe(1);
    const seqs = new Map<string, number>();
    const ids = new Map<number, string>();
    const last = new Map<string, readonly number[]>();
    let seq = 0;
    for (;;) {
      const after = { epoch: epochs[0]?.epoch ?? '', seq };
      const page = await log.read({ patterns: [parsePattern('/**')], after, mode: 'every', limit: 10_000, bytes: 2 ** 24 });
      expect(page.complete).toBe(true);
      for (const entry of page.entries) {
        const id = entry.id ?? '';
        expect(seqs.has(id), `${id} is there twice`).toBe(false);
        expect(Buffer.from(entry.data).toString()).toBe(id);
        const place = id.split('-').map(Number);
        expect(isAfter(place, last.get(entry.mailbox)), `${id} after ${last.get(entry.mailbox)?.join('-')}`).toBe(true);
        last.set(entry.mailbox, place);
        seqs.set(id, entry.seq);
        ids.set(entry.seq, id);
      }
      seq = page.next;
      if (page.next === page.head) break;
    }
    for (const [id, at] of said.acknowledged) if (seqs.get(id) !== at) expect(seqs.get(id), `${id} was acknowledged`).toBe(at);
    for (const [at, id] of said.read) if (ids.get(at) !== id) expect(ids.get(at), `${id} was read at ${at}`).toBe(id);
  } finally {
    await backend.close();
  }
}

function isAfter(place: readonly number[], before: readonly number[] | undefined): boolean {
  if (before === undefined) return true;
  const differs = place.findIndex((part, i) => part !== before[i]);
  return differs >= 0 && (place[differs] ?? 0) > (before[differs] ?? 0);
}
