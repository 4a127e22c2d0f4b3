import type { Backend } from '@restante/backend';
import type { Config } from '@restante/runtime';

/** Opens the backend that an address names; a driver is loaded only where it is used. */
export async function openBackend({ backend, durability, reserveBytes }: Config): Promise<Backend> {
  if (backend.kind === 'memory') {
    const { openMemoryBackend } = await import('@restante/backend/memory');
    return openMemoryBackend();
  }
  const { openLmdbBackend } = await import('@restante/backend/lmdb');
  return openLmdbBackend({ folder: backend.folder, durability, reserveBytes });
}
