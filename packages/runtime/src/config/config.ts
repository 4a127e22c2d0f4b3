import type { Access, ConfigFile } from '@restante/protocol/schemas';
import type { BackendAddress } from './backend-address.js';
import type { NatsTarget } from './nats.js';

/** The configuration as the process uses it: every value there, in bytes and milliseconds, checked. Made by `loadConfig` alone. */
export interface Config extends Readonly<Required<Omit<ConfigFile, 'version' | 'backend' | 'nats' | 'adminPort' | 'cors' | 'namespaces'>>> {
  readonly backend: BackendTarget;
  /** Absent: no admin server. */
  readonly adminPort?: number;
  readonly cors: { readonly origins: readonly string[] };
  /** By name as in the file: `elections`, `*`. */
  readonly namespaces: ReadonlyMap<string, NamespacePolicy>;
  /** No namespaces were configured: everybody may do everything, so only this machine may ask, and `Host` and `Origin` are checked. */
  readonly open: boolean;
}

/** What is opened as the backend: its address, and what the settings say beside it. Holds secrets: never logged. */
export type BackendTarget = Exclude<BackendAddress, { kind: 'nats' }> | NatsTarget;

export interface NamespacePolicy {
  readonly read: Access;
  readonly publish: Access;
  readonly snapshot: boolean;
  readonly history: { readonly ageMs: number; readonly bytes: number };
  /** On how many servers the entries are kept; absent: as the backend has it. */
  readonly replicas?: number;
}
