import type { Socket } from 'node:net';

/** How many connections are open, and when the last is gone. */
export class Connections {
  #open = 0;
  #whenNone: (() => void) | undefined;

  add(socket: Socket): void {
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#whenNone?.();
    });
  }

  /** Resolves when there is none, or when the time is over. */
  async noneWithin(ms: number): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#whenNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
