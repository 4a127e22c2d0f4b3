import type { Entry } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { pageFrame, SOCKET_FORMAT, textFrame } from './socket-format.js';

/** Exported by the package, not by its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => NodeJS.EventEmitter & NodeJS.WritableStream };

/** What a real WebSocket receiver makes of these bytes. */
async function received(...buffers: Uint8Array[]): Promise<string> {
  const receiver = new Receiver({ isServer: false });
  const message = new Promise<string>((resolve, reject) => {
    receiver.on('message', (data: Buffer) => resolve(data.toString()));
    receiver.on('error', reject);
  });
  for (const buffer of buffers) receiver.write(Buffer.from(buffer));
  return message;
}

const entry = (seq: number, text: string): Entry => ({
  seq,
  time: 1,
  mailbox: '/a/x',
  kind: 'data',
  data: Buffer.from(JSON.stringify(text)),
});
const cursor = new Map([['a', { epoch: 'epoch001', seq: 9 }]]);

describe('frames of restante.v1', () => {
  it.each([0, 125, 126, 65_535, 65_536, 200_000])('carries a payload of %d bytes', async (bytes) => {
    const text = 'x'.repeat(bytes);
    expect(await received(textFrame(text))).toBe(text);
  });

  it('carries a batch with the whole cursor', async () => {
    const frame = JSON.parse(await received(SOCKET_FORMAT.batch('a', 'epoch001', [entry(8, 'é'), entry(9, '😀')], cursor)));
    expect(frame).toMatchObject({ type: 'messages', cursor: 'a.epoch001.9' });
    expect(frame.messages.map((m: { cursor: string; data: string }) => [m.cursor, m.data])).toEqual([
      ['a.epoch001.8', 'é'],
      ['a.epoch001.9', '😀'],
    ]);
  });

  it('gives all readers of a page the same bytes behind their own ref', async () => {
    const shared = { epochs: [], start: 0, next: 9, head: 9, complete: true, entries: [entry(9, 'x'.repeat(70_000))] };
    const page = { log: 'a', epoch: 'epoch001', entries: shared.entries, shared };
    const [mine, body] = pageFrame('mine', cursor, page);
    const [yours, sameBody] = pageFrame('your "ref"', cursor, page);
    expect(sameBody).toBe(body);
    expect(JSON.parse(await received(mine, body))).toMatchObject({ for: ['mine'], messages: [{ cursor: 'a.epoch001.9' }] });
    expect(JSON.parse(await received(yours, body))).toMatchObject({ for: ['your "ref"'] });
  });
});
