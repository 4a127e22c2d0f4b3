/** Addresses of backends: `memory:`, `lmdb:<folder>`; those of adapters that this build does not have are known, and refused by name. */

export type BackendAddress = { readonly kind: 'memory' } | { readonly kind: 'lmdb'; readonly folder: string };

const ABSENT = ['nats', 'tls', 'redis', 'rediss', 'valkey', 'valkeys'];
const PRESENT = 'memory: and lmdb:<folder>';

/** @returns the address, or what is wrong with it; never the text itself, which may hold a password. */
export function parseBackendAddress(text: string): BackendAddress | string {
  const scheme = /^([a-z]+):/.exec(text)?.[1];
  if (text === 'memory:') return { kind: 'memory' };
  if (scheme === 'lmdb') {
    const folder = text.slice('lmdb:'.length);
    return folder === '' || folder.startsWith('//') ? 'must name a folder: lmdb:./data' : { kind: 'lmdb', folder };
  }
  if (scheme !== undefined && ABSENT.includes(scheme)) return `names a ${scheme} server, which this build cannot use; it has ${PRESENT}`;
  return `must be one of ${PRESENT}`;
}
