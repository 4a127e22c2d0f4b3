/**
 * What a load process of the cluster suite can do. Readers come in groups; all messages of a mailbox carry a running number from 0, so each
 * reader knows what it must get next.
 */

export interface GroupSpec {
  readonly group: string;
  /** Connection i goes to `ports[i % ports.length]`; one that comes back, to the next. */
  readonly ports: readonly number[];
  readonly connections: number;
  readonly perConnection?: number;
  /** Mailboxes `<prefix>/0` to `<prefix>/<mailboxes - 1>`; connection i follows those from `i * perConnection` on, around. */
  readonly prefix: string;
  readonly mailboxes: number;
  /** Where connection i begins: `starts[i % starts.length]`; without: from now. */
  readonly starts?: readonly Start[];
  /** Connections are opened spread over this time. */
  readonly withinMs?: number;
  /** A connection that is lost comes back, at once, from its own cursor; else it is a fault. */
  readonly returns?: boolean;
}

export interface Start {
  readonly cursor: string;
  /** Number of the first message that must come. */
  readonly next: number;
}

export interface FloodSpec {
  readonly prefix: string;
  readonly mailboxes: number;
  /** Batches under way at once. */
  readonly lanes: number;
  /** Messages in a batch; the next follows when all of them are acknowledged. */
  readonly batch: number;
  /** Ends after this, or after so many messages. */
  readonly seconds?: number;
  readonly messages?: number;
}

export interface Flooded {
  readonly published: number;
  readonly elapsedMs: number;
}

export interface PacedSpec {
  readonly port: number;
  readonly prefix: string;
  readonly mailboxes: number;
  readonly perSecond: number;
  /** At most so many. */
  readonly messages: number;
}

export interface Latency {
  readonly delivered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Frames that said that the connection had fallen behind. */
  readonly behind: number;
}

export interface ClusterCommands {
  /** Opens a group and resolves when all its subscriptions are live. */
  connect: GroupSpec;
  disconnect: { readonly group: string };
  /** Messages delivered from now on are timed. */
  measure: { readonly group: string };
  measured: { readonly group: string };
  /** Waits until a group has been delivered so many messages in all; what is not delivered within the time counts as lost. */
  received: { readonly group: string; readonly messages: number; readonly withinMs: number };
  /** Publishes by the clock over one connection, whatever the cluster does; what is due together goes in one batch. */
  paced: PacedSpec;
  stopPacing: Record<string, never>;
  /** Publishes batches as fast as they are acknowledged; lane i goes to `ports[i % ports.length]`. */
  flood: FloodSpec & { readonly ports: readonly number[] };
  /** One message to each mailbox, `rounds` times, one round after the other. */
  rounds: { readonly port: number; readonly prefix: string; readonly mailboxes: number; readonly rounds: number };
  /** Waits until every reader of the group has a message that was published after a moment of `nowUs`. */
  since: { readonly group: string; readonly sinceUs: number; readonly withinMs: number };
  /** Waits until every reader of a group that returns has all acknowledged messages of its mailbox. */
  complete: { readonly group: string; readonly withinMs: number };
}

export interface ClusterResults {
  connect: { readonly liveMs: number };
  disconnect: Record<string, never>;
  measure: Record<string, never>;
  measured: Latency;
  received: Record<string, never>;
  paced: { readonly published: number; readonly refused: number; readonly elapsedMs: number };
  stopPacing: Record<string, never>;
  flood: Flooded;
  /** By round, the cursor of each mailbox's message. */
  rounds: { readonly cursors: readonly (readonly string[])[] };
  /** After that moment: until the first reader had one, until the last, and the longest that a message took meanwhile. */
  since: { readonly firstMs: number; readonly lastMs: number };
  complete: { readonly acknowledged: number; readonly refused: number };
}
