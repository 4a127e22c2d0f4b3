import type { Backend } from '@restante/backend';
import { RestanteError } from '@restante/protocol';
import type { Config } from '@restante/runtime';

export interface Opener {
  /** What the servers of the backend call this process in their own lists. */
  readonly name: string;
}

/** Opens the backend that an address names; a driver is loaded only where it is used. */
export async function openBackend({ backend, durability, reserveBytes }: Config, _opener: Opener): Promise<Backend> {
  if (backend.kind === 'memory') {
    const { openMemoryBackend } = await import('@restante/backend/memory');
    return openMemoryBackend();
  }
  if (backend.kind === 'nats') throw new RestanteError('CONFIG_INVALID', '--backend names a NATS server, which this build cannot use yet');
  const { openLmdbBackend } = await import('@restante/backend/lmdb');
  return openLmdbBackend({ folder: backend.folder, durability, reserveBytes });
}
