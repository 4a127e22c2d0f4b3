import type { Cursor, Entry } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { EdgeByHand, entry, Told } from '../../testing/by-hand.js';
import type { WireFormat } from '../index.js';

/** Audiences: a batch is encoded once for all who hear the same. */
class CountingFormat implements WireFormat {
  readonly name: string;
  batches = 0;

  constructor(name = 'counting') {
    this.name = name;
  }

  batch(_log: string, _epoch: string, entries: readonly Entry[], _cursor: Cursor): Uint8Array {
    this.batches += 1;
    return new TextEncoder().encode(entries.map(({ seq }) => seq).join(','));
  }

  position(): Uint8Array {
    return new TextEncoder().encode('position');
  }
}

/** Keeps the very bytes that it was given. */
class Keeping extends Told {
  readonly written: Uint8Array[] = [];

  override write(bytes: Uint8Array): void {
    this.written.push(bytes);
  }
}

function crowd(hand: EdgeByHand, format: WireFormat, size: number, ...subscriptions: string[]): Keeping[] {
  return Array.from({ length: size }, () => {
    const told = new Keeping(format);
    hand.connect(told);
    for (const patterns of subscriptions) hand.subscribe(told, patterns);
    return told;
  });
}

describe('audiences', () => {
  it('encode a batch once, and hand the same bytes to all connections with the same subscriptions', () => {
    const hand = new EdgeByHand();
    const format = new CountingFormat();
    const both = crowd(hand, format, 3, '/a/x', '/a/y');
    const turned = crowd(hand, format, 2, '/a/y', '/a/x');
    const one = crowd(hand, format, 2, '/a/x');
    hand.attached(0);
    hand.frame(0, 2, [entry(1), entry(2, '/a/y')], { r: 1 });
    hand.pass();
    const ofBoth = new Set([...both, ...turned].map(({ written }) => written[0]));
    const ofOne = new Set(one.map(({ written }) => written[0]));
    expect([ofBoth.size, ofOne.size, format.batches, hand.edge.sizes.audiences]).toEqual([1, 1, 2, 2]);
    expect([...ofBoth].map((bytes) => new TextDecoder().decode(bytes))).toEqual(['1,2']);
  });

  it('of other formats have other bytes', () => {
    const hand = new EdgeByHand();
    const formats = [new CountingFormat('one'), new CountingFormat('two')];
    for (const format of formats) crowd(hand, format, 2, '/a/x');
    hand.attached(0);
    hand.frame(0, 1, [entry(1)]);
    hand.pass();
    expect(formats.map(({ batches }) => batches)).toEqual([1, 1]);
  });

  it('carry an entry once, though several subscriptions take it', () => {
    const hand = new EdgeByHand();
    const format = new CountingFormat();
    const [told] = crowd(hand, format, 1, '/a/x', '/a/*', '/**');
    hand.attached(0);
    hand.edge.onMessage(new Uint8Array());
    hand.frame(0, 1, [entry(1)]);
    hand.pass();
    expect(told?.written.map((bytes) => new TextDecoder().decode(bytes))).toEqual(['1']);
  });

  it('do not concern themselves with entries that nobody in them wants', () => {
    const hand = new EdgeByHand();
    const format = new CountingFormat();
    const told = crowd(hand, format, 2, '/a/x');
    hand.attached(0);
    hand.frame(0, 1, [entry(1, '/a/y')]);
    hand.pass();
    expect([format.batches, ...told.map(({ written }) => written.length)]).toEqual([0, 0, 0]);
  });

  it('are left by who unsubscribes or goes away, and end with their last connection', () => {
    const hand = new EdgeByHand();
    const format = new CountingFormat();
    const [first, second] = crowd(hand, format, 2, '/a/x') as [Keeping, Keeping];
    hand.attached(0);
    hand.edge.positions();
    hand.edge.disconnect(first.connection);
    const [reader] = second.connection.readers;
    if (reader !== undefined) hand.edge.unsubscribe(reader);
    hand.frame(0, 1, [entry(1)]);
    hand.pass();
    expect([first.written.length, second.written.length, hand.edge.sizes.audiences]).toEqual([1, 1, 0]);
    expect(hand.edge.sizes).toMatchObject({ readers: 0, interests: 0 });
  });

  it('tell their positions to those who are not full', () => {
    const hand = new EdgeByHand();
    const [first, second] = crowd(hand, new CountingFormat(), 2, '/a/x') as [Keeping, Keeping];
    hand.attached(0);
    second.isFull = true;
    hand.edge.positions();
    expect([first.written.length, second.written.length]).toEqual([1, 0]);
  });
});
