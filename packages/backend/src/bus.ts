/**
 * The bus port: fast and unreliable. It may lose, double, delay and reorder (I5); whoever uses it mends from the log.
 * Payloads are encoded binary messages, the same in one process as between machines.
 */
export interface Bus {
  /** Sends and forgets. A payload must not be changed afterwards. Drops where the receiver's queue is full. */
  publish(subject: string, payload: Uint8Array): void;
  /**
   * Hands every payload on `subject` to `receive`, never within the caller's `publish`.
   * @returns ends it; nothing is received after it returned.
   */
  subscribe(subject: string, receive: (payload: Uint8Array) => void): () => void;
}

/** Subjects of the links (DESIGN section 5). Instances and edges have random ids; no name of a machine matters. */
export const subjects = {
  /** Whoever serves the log answers an attach here. */
  router: (region: string, log: string): string => `restante.${region}.router.${log}`,
  /** One incarnation of one router. */
  instance: (region: string, instance: string): string => `restante.${region}.instance.${instance}`,
  edge: (region: string, edge: string): string => `restante.${region}.edge.${edge}`,
};
