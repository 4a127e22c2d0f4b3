/** What the adapter on NATS is opened with, and what it tells while it runs. Secrets are values here, and appear in no message. */

/** Who this process is for the servers: exactly one of these. */
export type NatsCredentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  | { readonly nkeySeed: string }
  /** Text of a `.creds` file. */
  | { readonly credentials: string };

/** PEM texts. Without `ca`, the system's authorities. */
export interface NatsTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface NatsBackendOptions {
  /** `host:port`, at least one. The other servers of the cluster are learnt from them. */
  readonly servers: readonly string[];
  /** Absent: the servers ask for none. */
  readonly credentials?: NatsCredentials;
  /** Present, though empty: an unencrypted connection is refused. Absent: encrypted only where the servers want it. */
  readonly tls?: NatsTls;
  readonly region: string;
  /** What the servers call the connection in their own lists. */
  readonly name: string;
  /** Largest body of a message; the servers must take it with its headers. */
  readonly messageBytesMax: number;
  /** On how many servers each stream is kept. Default: 3 in a cluster, else 1. */
  readonly replicas?: number;
  readonly onEvent?: (event: NatsEvent) => void;
}

/** What a service logs. */
export type NatsEvent =
  | { readonly type: 'disconnected'; readonly server: string }
  | { readonly type: 'reconnected'; readonly server: string }
  /** The server sends its clients away before it stops. */
  | { readonly type: 'server-leaving'; readonly server: string }
  /** The servers do not take these credentials any more; it is tried again for ever. */
  | { readonly type: 'refused'; readonly text: string }
  /** The user's permissions do not allow this. */
  | { readonly type: 'denied'; readonly operation: 'publish' | 'subscription'; readonly subject: string }
  /** This process read too slowly, so the server closed the connection. */
  | { readonly type: 'slow-consumer'; readonly server: string }
  /** Any other error that a server reported. */
  | { readonly type: 'server-error'; readonly text: string }
  /** Payloads were dropped since the last time that this was told: the connection was down, or could not keep up. */
  | { readonly type: 'bus-dropped'; readonly payloads: number }
  /** The bucket of leases was not there, and was made. */
  | { readonly type: 'leases-created' }
  /** History was lost or swapped: what was stored beyond this seq is of another epoch, and readers beyond are told. */
  | { readonly type: 'forked'; readonly log: string; readonly upTo: number }
  /** The stream had other limits than the configuration, and has these now. */
  | { readonly type: 'limits-changed'; readonly log: string; readonly text: string };
