/** Cuts one direction of a NATS connection into its whole frames: a line, and the payload that the line announces. Bounded by the servers' own limits. */

export interface NatsFrame {
  readonly bytes: Buffer;
  /** Of a message, whoever sends it; absent for all else that the protocol says. */
  readonly subject?: string;
}

const LINE_END = Buffer.from('\r\n');
/** PUB and HPUB go to the server, MSG and HMSG come from it; the last number is the size of what follows, headers included. */
const MESSAGE = /^H?(?:PUB|MSG) +(\S+).* (\d+)$/i;

export class NatsFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the frames that are whole by now, in order */
  take(chunk: Buffer): NatsFrame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: NatsFrame[] = [];
    for (let lineEnd = rest.indexOf(LINE_END); lineEnd >= 0; lineEnd = rest.indexOf(LINE_END)) {
      const [, subject, payloadBytes] = MESSAGE.exec(rest.toString('latin1', 0, lineEnd)) ?? [];
      const length = lineEnd + LINE_END.length + (payloadBytes === undefined ? 0 : Number(payloadBytes) + LINE_END.length);
      if (rest.length < length) break;
      frames.push({ bytes: rest.subarray(0, length), ...(subject !== undefined && { subject }) });
      rest = rest.subarray(length);
    }
    this.#rest = rest;
    return frames;
  }
}
