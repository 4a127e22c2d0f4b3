import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Client } from '../client.js';
import type { ViewSnapshot } from '../view.js';
import { storeOf } from './store.js';

/** Views in React. Components that show the same pattern share one view, which lasts as long as one of them does. */

/** The client that `useMailboxes` uses: `<RestanteContext value={connect(url)}>`. */
export const RestanteContext = createContext<Client | undefined>(undefined);

/**
 * The newest message of every mailbox that the pattern takes; renders again when anything changes.
 * @param client Default: that of `RestanteContext`.
 */
export function useMailboxes<T = unknown>(pattern: string, client?: Client): ViewSnapshot<T> {
  const provided = useContext(RestanteContext);
  const used = client ?? provided;
  if (used === undefined) throw new Error('useMailboxes needs a client: pass one, or put a RestanteContext around');
  const { subscribe, getSnapshot, getServerSnapshot } = storeOf(used, pattern);
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot) as ViewSnapshot<T>;
}
