import type { Access, ConfigFile } from '@restante/protocol/schemas';
import type { BackendAddress } from './backend-address.js';

/** The configuration as the process uses it: every value there, in bytes and milliseconds, checked. Made by `loadConfig` alone. */
export interface Config extends Readonly<Required<Omit<ConfigFile, 'backend' | 'adminPort' | 'cors' | 'namespaces'>>> {
  readonly backend: BackendAddress;
  /** Absent: no admin server. */
  readonly adminPort?: number;
  readonly cors: { readonly origins: readonly string[] };
  /** By name as in the file: `elections`, `*`. */
  readonly namespaces: ReadonlyMap<string, NamespacePolicy>;
  /** No namespaces were configured: everybody may do everything, so only this machine may ask, and `Host` and `Origin` are checked. */
  readonly open: boolean;
}

export interface NamespacePolicy {
  readonly read: Access;
  readonly publish: Access;
  readonly snapshot: boolean;
  readonly history: { readonly ageMs: number; readonly bytes: number };
}
