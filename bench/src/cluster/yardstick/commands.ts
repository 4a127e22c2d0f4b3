import type { Flooded, FloodSpec } from '../load/commands.js';

/** What the bare NATS client can do. `prefix` is that of the subjects, with dots. */

export interface YardstickCommands {
  connect: { readonly urls: readonly string[] };
  /** As gateways are flooded, message by message with JetStream's own publish. @param ids whether each has a `Nats-Msg-Id`, as Restante's have */
  flood: FloodSpec & { readonly ids: boolean };
  /** Publishes one message after the other, each asked again until it is acknowledged, until it is told to stop. */
  probe: { readonly subject: string };
  /** Waits until a message that was first sent after that moment is acknowledged, and ends the probe. */
  probed: { readonly sinceUs: number };
}

export interface YardstickResults {
  connect: Record<string, never>;
  flood: Flooded;
  probe: Record<string, never>;
  probed: { readonly afterMs: number };
}
