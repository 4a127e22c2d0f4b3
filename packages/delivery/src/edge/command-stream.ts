import type { Pattern } from '@restante/protocol';
import type { DeliveryLimits } from '../limits.js';
import type { Command } from '../wire/messages.js';

/**
 * The commands of one link as a numbered stream (docs/delivery.md, L3): each is kept until it is acknowledged, one message of them is
 * in flight, and it is repeated until then. It does not know what an acknowledgement makes of the interests: that is the link's (L6).
 */
export class CommandStream {
  readonly #limits: DeliveryLimits;
  /** To the router; undefined while none has answered. */
  #send: ((commands: readonly Command[]) => void) | undefined;
  /** Not acknowledged, ascending; the first of them, up to `#inFlight`, are on their way. */
  #commands: Command[] = [];
  #commandsMax: number;
  #lastR = 0;
  /** The last number of the message that is on its way; 0: none is. */
  #inFlight = 0;
  #sentAt = 0;

  constructor(limits: DeliveryLimits) {
    this.#limits = limits;
    this.#commandsMax = limits.commandsMax;
  }

  /** More have no place: the link is to begin anew, with the interests as they are then. */
  get isFull(): boolean {
    return this.#commands.length >= this.#commandsMax;
  }

  /** A new link, from number 1 on. @param more what its attach could not carry, beside the bound for what changes later. */
  restart(more: number): void {
    this.#send = undefined;
    this.#commands = [];
    this.#commandsMax = this.#limits.commandsMax + more;
    this.#lastR = 0;
    this.#inFlight = 0;
  }

  /** A router has answered: what has been added goes there, and a sign of life where nothing was. */
  open(send: (commands: readonly Command[]) => void, now: number): void {
    this.#send = send;
    this.#sendNext(now);
  }

  /** @returns the command's number. */
  add(op: Command['op'], pattern: Pattern, now: number): number {
    this.#lastR += 1;
    this.#commands.push({ r: this.#lastR, op, pattern: pattern.text });
    if (this.#inFlight === 0) this.#sendNext(now);
    return this.#lastR;
  }

  /** All up to `r` were applied, as a frame says that was applied itself. */
  acknowledge(r: number, now: number): void {
    let acknowledged = 0;
    while ((this.#commands[acknowledged]?.r ?? Number.POSITIVE_INFINITY) <= r) acknowledged += 1;
    if (acknowledged > 0) this.#commands.splice(0, acknowledged);
    if (r >= this.#inFlight) this.#inFlight = 0;
    if (acknowledged > 0 && this.#inFlight === 0 && this.#commands.length > 0) this.#sendNext(now);
  }

  /** The router's beat says that it has come so far: where that lags, the message was perhaps lost. */
  onBeat(r: number, now: number): void {
    if (r < this.#lastR && this.#commands.length > 0) this.#sendNext(now);
  }

  tick(now: number): void {
    const waitMs = this.#commands.length > 0 ? this.#limits.resendMs : this.#limits.keepAliveMs;
    if (now - this.#sentAt >= waitMs) this.#sendNext(now);
  }

  /** All that wait, or as many as fit. */
  #sendNext(now: number): void {
    if (this.#send === undefined) return;
    const commands = this.#commands.slice(0, this.#limits.commandsPerMessage);
    this.#inFlight = commands.at(-1)?.r ?? 0;
    this.#sentAt = now;
    this.#send(commands);
  }
}
