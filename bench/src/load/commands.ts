import type { WireName } from './wires.js';

/** What the harness tells its load process to do, one command at a time, and what it gets back. */

export interface LoadCommands {
  /** Opens readers and resolves when each would get the next message. What is not delivered within `deliveryMsMax` counts as lost. */
  connect: { readonly port: number; readonly wire: WireName; readonly readers: number; readonly deliveryMsMax: number };
  /** Publishes batches; each follows when all readers have the one before and it is acknowledged. */
  ticks: { readonly ticks: number; readonly messagesPerTick: number };
  /** Publishes by the clock, whatever the server does, and measures from the scheduled moment. */
  openLoop: { readonly messages: number; readonly perSecond: number };
  /** Publishes over several connections, each with one request under way. Needs no readers. */
  publish: { readonly port: number; readonly publishers: number; readonly seconds: number };
}

export interface LoadResults {
  connect: Record<string, never>;
  ticks: {
    readonly delivered: number;
    readonly elapsedMs: number;
    /** Frames that held no message. */
    readonly otherFrames: number;
    /** All that one reader got in the last tick, in base64. */
    readonly lastTick: string;
  };
  openLoop: { readonly delivered: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  publish: { readonly published: number; readonly elapsedMs: number };
}
