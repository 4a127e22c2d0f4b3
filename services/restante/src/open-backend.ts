import type { Backend } from '@restante/backend';
import type { Config, Logger } from '@restante/runtime';
import { natsOptions } from './nats-backend.js';

export interface Opener {
  /** What the servers of the backend call this process in their own lists. */
  readonly name: string;
  /** Hears what happens to the backend while it is open. */
  readonly logger?: Logger;
}

/** Opens the backend that an address names; a driver is loaded only where it is used. */
export async function openBackend(config: Config, { name, logger }: Opener): Promise<Backend> {
  const { backend, durability, reserveBytes } = config;
  if (backend.kind === 'memory') {
    const { openMemoryBackend } = await import('@restante/backend/memory');
    return openMemoryBackend();
  }
  if (backend.kind === 'nats') {
    const { openNatsBackend } = await import('@restante/backend/nats');
    return openNatsBackend(natsOptions(backend, config, name, logger));
  }
  const { openLmdbBackend } = await import('@restante/backend/lmdb');
  return openLmdbBackend({ folder: backend.folder, durability, reserveBytes });
}
