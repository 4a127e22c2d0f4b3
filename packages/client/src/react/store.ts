import type { Client } from '../client.js';
import type { View, ViewSnapshot } from '../view.js';

/** One view for all who look at the same pattern of a client: opened for the first of them, closed after the last. */

export interface Store {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => ViewSnapshot;
  /** On a server nothing is connected. */
  readonly getServerSnapshot: () => ViewSnapshot;
}

const EMPTY: ViewSnapshot = { map: new Map(), live: false, gap: undefined };

const stores = new WeakMap<Client, Map<string, Store>>();

export function storeOf(client: Client, pattern: string): Store {
  let ofClient = stores.get(client);
  if (ofClient === undefined) stores.set(client, (ofClient = new Map()));
  let store = ofClient.get(pattern);
  if (store === undefined) {
    const created = createStore(client, pattern, () => ofClient.get(pattern) === created && ofClient.delete(pattern));
    ofClient.set(pattern, (store = created));
  }
  return store;
}

function createStore(client: Client, pattern: string, forget: () => unknown): Store {
  let view: View | undefined;
  let listeners = 0;
  return {
    subscribe(listener) {
      listeners += 1;
      view ??= client.view(pattern);
      const stop = view.subscribe(listener);
      return () => {
        stop();
        listeners -= 1;
        // React takes a component out and puts it in again within one go.
        queueMicrotask(() => {
          if (listeners > 0) return;
          view?.close();
          view = undefined;
          forget();
        });
      };
    },
    getSnapshot: () => view?.getSnapshot() ?? EMPTY,
    getServerSnapshot: () => EMPTY,
  };
}
