import { describeBusContract, describeLeaseContract, describeLogContract, type LogHarness } from '../contract/index.js';
import { openMemoryBackend } from './index.js';

async function open(): Promise<LogHarness> {
  let backend = openMemoryBackend({ tailHeartbeatMs: 50 });
  const logs = new Map<string, Awaited<ReturnType<typeof backend.openLog>>>();
  return {
    async openLog(name, policy) {
      const log = await backend.openLog(name, policy);
      logs.set(name, log);
      return log;
    },
    async restart() {
      await backend.close();
      backend = openMemoryBackend({ tailHeartbeatMs: 50 });
    },
    async fork(name) {
      const log = logs.get(name);
      log?.fork((await log.state()).head);
    },
    close: () => backend.close(),
  };
}

describeLogContract('memory', { open, durable: false });
describeBusContract('memory', async () => openMemoryBackend());
describeLeaseContract('memory', async () => openMemoryBackend());
