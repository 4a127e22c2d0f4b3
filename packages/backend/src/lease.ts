/**
 * The lease port: which router serves a log now. About efficiency only; two holders are harmless (I6).
 */
export interface Lease {
  /**
   * Takes or renews the lease of `log` for `holder`, by compare-and-set; a lease not renewed for `ttlMs` is free.
   * @returns who holds it now.
   * @throws RestanteError `LOG_UNAVAILABLE`: nobody can tell who holds it.
   */
  hold(log: string, holder: string, ttlMs: number): Promise<string>;
  /** Gives it up, if `holder` has it. */
  release(log: string, holder: string): Promise<void>;
}
