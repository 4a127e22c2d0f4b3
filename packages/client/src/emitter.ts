/** Listeners by the name of what they listen for. */

type Listeners<Events> = { [Name in keyof Events]?: Set<(event: Events[Name]) => void> };

export class Emitter<Events extends object> {
  readonly #listeners: Listeners<Events> = {};

  /**
   * Calls the listener whenever it happens.
   * @returns ends that.
   */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = (this.#listeners[name] ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) attempt(() => listener(event));
  }

  protected hasListener(name: keyof Events): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0;
  }
}

/** Calls what belongs to the application: its errors are told to whoever collects uncaught ones, and do not stop ours. */
export function attempt(call: () => void): void {
  try {
    call();
  } catch (error) {
    throwLater(error);
  }
}

export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
