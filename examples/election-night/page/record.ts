import type { Client, Message } from '@restante/client';
import type { Update } from './count.js';

/**
 * With `?record`, a page keeps what it received, for whoever examines it: every message of every state from the first on, by a subscription of
 * its own, and what the page drew. Not for a page that stays open for days: this list only grows.
 */
export interface Recorded {
  readonly messages: { readonly mailbox: string; readonly cursor: string; readonly update: Update | undefined }[];
  readonly gaps: string[];
  readonly states: string[];
  /** Delay of every message drawn live, in the order of drawing. */
  readonly delaysMs: number[];
  frames: number;
}

declare global {
  var recorded: Recorded | undefined;
}

export function recordIfAsked(client: Client, pattern: string): Recorded | undefined {
  if (!new URLSearchParams(location.search).has('record')) return undefined;
  const recorded: Recorded = { messages: [], gaps: [], states: [], delaysMs: [], frames: 0 };
  const subscription = client.subscribe<Update>(pattern, {
    after: 'earliest',
    onMessage: ({ mailbox, cursor, data, purged }: Message<Update>) =>
      recorded.messages.push({ mailbox, cursor, update: purged ? undefined : data }),
  });
  subscription.on('gap', ({ reason }) => recorded.gaps.push(reason));
  client.on('state', (state) => recorded.states.push(state.state === 'open' ? `open ${state.transport}` : state.state));
  globalThis.recorded = recorded;
  return recorded;
}
