import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLogContract, type LogHarness } from '../contract/index.js';
import { type Durability, logAdopt, openLmdbBackend } from './index.js';

async function open(durability: Durability): Promise<LogHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-lmdb-'));
  const start = () => openLmdbBackend({ folder, durability, tailHeartbeatMs: 50, retentionIntervalMs: 20 });
  let backend = await start();
  return {
    openLog: (name, policy) => backend.openLog(name, policy),
    async restart() {
      await backend.close();
      backend = await start();
    },
    async fork(name) {
      await backend.close();
      await logAdopt(folder, name);
      backend = await start();
    },
    async close() {
      await backend.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeLogContract('lmdb, durability disk', { open: () => open('disk'), durable: true });
describeLogContract('lmdb, durability process', { open: () => open('process'), durable: true });
