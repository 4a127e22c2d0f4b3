/** Waits for conditions on what is counted: asked again whenever something was counted, ended by the first fault. */

interface Wait {
  readonly holds: () => boolean;
  readonly end: (error?: Error) => void;
}

export class Waiting {
  readonly #waits = new Set<Wait>();
  #isSoon = false;
  #fault: Error | undefined;

  /** @param state said when the time is up */
  until(holds: () => boolean, state: () => string, msMax: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        this.#waits.delete(wait);
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => end(new Error(`after ${msMax} ms ${state()}`)), msMax);
      const wait = { holds, end };
      this.#waits.add(wait);
      if (this.#fault !== undefined) end(this.#fault);
      else if (holds()) end();
    });
  }

  /** Asks once after all that has arrived was counted. */
  soon(): void {
    if (this.#isSoon || this.#waits.size === 0) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      this.progress();
    });
  }

  progress(): void {
    for (const { holds, end } of this.#waits) if (holds()) end();
  }

  /** Everything that is waited for from now on fails with it. */
  fault(reason: string): void {
    this.#fault ??= new Error(reason);
    for (const { end } of this.#waits) end(this.#fault);
  }
}
