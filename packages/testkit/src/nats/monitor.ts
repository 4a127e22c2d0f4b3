/** What a nats-server's monitoring endpoint tells, as far as the testkit asks; the same in 2.9 and in the newest. */

interface RaftGroup {
  /** The leader's name as this server knows it; absent while there is none. */
  readonly leader?: string;
  /** Told by the leader only. */
  readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly offline?: boolean }[];
}

export interface ConsumerDetail {
  readonly name: string;
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly cluster?: RaftGroup;
}

export interface StreamDetail {
  readonly name: string;
  readonly cluster?: RaftGroup;
  readonly state: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
  readonly consumer_detail?: readonly ConsumerDetail[];
}

export interface JetStreamPage {
  readonly disabled?: boolean;
  readonly meta_cluster?: RaftGroup & { readonly cluster_size: number };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
}

export interface HealthPage {
  readonly status: string;
}

export interface RoutesPage {
  readonly server_id: string;
  readonly routes: readonly { readonly remote_id: string }[];
}

const ANSWER_TIMEOUT_MS = 2_000;

export async function readMonitor(monitorUrl: string, page: string): Promise<unknown> {
  const response = await fetch(`${monitorUrl}/${page}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  return response.json();
}
