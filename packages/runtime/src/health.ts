import type { Health as HealthReport } from '@restante/protocol';

/** Is this process ready to be sent requests? Named checks, each of which knows why not; they look at state that is there, and ask nobody. */
export class Health {
  readonly #checks = new Map<string, () => string | undefined>();

  /**
   * @param check returns what is missing, or undefined when all is well.
   * @returns takes the check away again.
   */
  add(name: string, check: () => string | undefined): () => void {
    if (this.#checks.has(name)) throw new Error(`there is a health check ${name} already`);
    this.#checks.set(name, check);
    return () => this.#checks.delete(name);
  }

  report(): HealthReport {
    const reasons: string[] = [];
    for (const [name, check] of this.#checks) {
      const reason = check();
      if (reason !== undefined) reasons.push(`${name}: ${reason}`);
    }
    return { status: reasons.length === 0 ? 'ok' : 'not ready', reasons };
  }
}
