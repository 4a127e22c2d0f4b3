import type { After } from './links/link.js';

/** What surrounds a client: the clock, chance, timers, and what the page or the machine goes through. Another one in tests. */
export interface World {
  readonly now: () => number;
  readonly random: () => number;
  readonly after: After;
  /** Calls when the network or the page is back, or the network is gone. @returns ends that */
  readonly watch: (onEvent: (event: 'wake' | 'offline') => void) => () => void;
}

interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

const page = globalThis as Target & { readonly document?: Target & { readonly visibilityState: string } };

/** The real one: a browser's page, or a worker, or Node, where nothing of a page happens. */
export const WORLD: World = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  watch(onEvent) {
    const { document } = page;
    const wake = (): void => onEvent('wake');
    const listeners: readonly (readonly [Target | undefined, string, () => void])[] = [
      [page, 'online', wake],
      [page, 'offline', () => onEvent('offline')],
      // Back from the cache of pages that were left.
      [page, 'pageshow', wake],
      [document, 'resume', wake],
      [document, 'visibilitychange', () => document?.visibilityState === 'visible' && wake()],
    ];
    for (const [target, type, listener] of listeners) target?.addEventListener?.(type, listener);
    return () => {
      for (const [target, type, listener] of listeners) target?.removeEventListener?.(type, listener);
    };
  },
};
