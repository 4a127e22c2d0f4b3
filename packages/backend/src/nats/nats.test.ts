import { jetstreamManager } from '@nats-io/jetstream';
import { launchNats, NATS_VERSIONS, type Nats } from '@restante/testkit';
import { afterAll, beforeAll, describe } from 'vitest';
import { connectTo, optionsFor } from '../../testing/nats-connection.js';
import { describeLogContract, type LogHarness } from '../contract/index.js';
import { adoptNatsLog, openNatsBackend } from './index.js';
import { dedupeKeyOf, storedBytes } from './stored-entry.js';

describe.each(NATS_VERSIONS)('on the %s NATS', (version) => {
  let nats: Nats;
  beforeAll(async () => {
    nats = await launchNats({ version });
  });
  afterAll(() => nats.stop());

  async function forgetAll(): Promise<void> {
    const connection = await connectTo(nats);
    const { streams } = await jetstreamManager(connection.nc);
    for (const name of await streams.names().next()) await streams.delete(name);
    await connection.close();
  }

  async function open(): Promise<LogHarness> {
    let backend = await openNatsBackend(optionsFor(nats));
    return {
      openLog: (name, policy) => backend.openLog(name, policy),
      async restart() {
        await backend.close();
        backend = await openNatsBackend(optionsFor(nats));
      },
      async fork(name) {
        await backend.close();
        await adoptNatsLog(optionsFor(nats), name);
        backend = await openNatsBackend(optionsFor(nats));
      },
      async close() {
        await backend.close();
        await forgetAll();
      },
    };
  }

  // Keys that are made up are as long as this one.
  const madeUp = `~${'x'.repeat(18)}`;
  describeLogContract(`nats ${version}`, {
    open,
    durable: true,
    erasesLast: true,
    storedBytes: (entry, forgotten) =>
      storedBytes('_', entry, entry.id === undefined ? madeUp : dedupeKeyOf(entry.mailbox, entry.id, forgotten)),
  });
});
