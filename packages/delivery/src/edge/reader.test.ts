import { describe, expect, it } from 'vitest';
import { E, EdgeByHand, entry, F, forkedAt, ONE_EPOCH, Told } from '../../testing/by-hand.js';
import { encode, WIRE_VERSION } from '../index.js';

/** Readers, rule by rule (docs/delivery.md): each test is what happens without the rule. */

/** An edge whose log `a` stands at 0, with `/a/x` held. */
function edgeAt(position: number, limits: ConstructorParameters<typeof EdgeByHand>[0] = {}, ringBytes?: number) {
  const hand = new EdgeByHand(limits, ringBytes);
  const told = hand.connect();
  hand.subscribe(told, '/a/x');
  hand.attached(position);
  told.take();
  return { hand, told };
}

describe('R1: readers stand at the end of the last pass, not at what was applied', () => {
  it('sends to who goes live before the pass what the pass brings, once', () => {
    const { hand } = edgeAt(0);
    hand.frame(0, 5, [entry(5)]);
    const late = hand.connect();
    hand.subscribe(late, '/a/x');
    hand.pass();
    expect(late.take()).toEqual(['/a/x subscribed 1.0', '/a/x live 1.0', 'all 5 of 1 to 1.5']);
  });

  it('tells no position that the sockets have not got', () => {
    const { hand, told } = edgeAt(0);
    hand.frame(0, 5, [entry(5)]);
    hand.edge.positions();
    hand.pass();
    hand.edge.positions();
    expect(told.take()).toEqual(['position 1.0', 'all 5 of 1 to 1.5', 'position 1.5']);
  });

  it('passes on at once when more waits than it may keep', () => {
    const { hand, told } = edgeAt(0, { pendingBytesMax: 200 });
    hand.frame(0, 1, [entry(1)]);
    expect(told.take()).toEqual([]);
    hand.frame(1, 2, [entry(2)]);
    expect(told.take()).toEqual(['all 1,2 of 1 to 1.2']);
  });

  it('passes on in batches that a socket takes whole', () => {
    const { hand, told } = edgeAt(0, { pageBytes: 250 });
    hand.frame(
      0,
      6,
      [1, 2, 3, 4, 5].map((seq) => entry(seq)),
    );
    hand.pass();
    expect(told.take()).toEqual(['all 1,2 of 1 to 1.2', 'all 3,4 of 1 to 1.4', 'all 5 of 1 to 1.6']);
  });
});

describe('R2: live is who stands at the end of the last pass and whose interest has been held since', () => {
  it('is not live before its interest is, even from now on', () => {
    const { hand, told } = edgeAt(0);
    hand.subscribe(told, '/a/y');
    hand.frame(0, 5);
    hand.pass();
    expect(told.take()).toEqual(['/a/y subscribed 1.0']);
  });

  it('reads what came before its interest was held', () => {
    const { hand, told } = edgeAt(0);
    hand.subscribe(told, '/a/y');
    hand.frame(0, 5);
    hand.frame(5, 7, [], { r: 1 });
    hand.pass();
    hand.routerAnswers({ next: 7, entries: [entry(3, '/a/y')] });
    expect(told.take()).toEqual(['/a/y subscribed 1.0', '/a/y page 3 to 1.7', '/a/y live 1.7']);
  });

  it('goes live in all its logs at the same moment', () => {
    const hand = new EdgeByHand();
    const told = hand.connect();
    const after = ['a', 'b'].map((log) => [log, { epoch: E, seq: 3 }] as const);
    hand.subscribe(told, '/**', new Map(after));
    const [, ofB] = hand.take('attach');
    hand.attached(3);
    hand.attached(5, { log: 'b', attempt: ofB?.attempt ?? 0, half: 'hb' });
    hand.edge.onState('b', { epochs: ONE_EPOCH, floor: 0, head: 5 });
    expect(told.take()).toEqual(['/** subscribed a:1.3 b:1.3']);
    hand.routerAnswers('miss');
    hand.logAnswers({ next: 5, entries: [entry(4, '/b/x')] });
    expect(told.take()).toEqual(['/** page 4 to a:1.3 b:1.5', '/** live a:1.3 b:1.5']);
  });

  it('answers from the ring what the ring holds, and from the log what it does not', () => {
    const { hand } = edgeAt(0, {}, 300);
    hand.frame(
      0,
      5,
      [1, 2, 3, 4, 5].map((seq) => entry(seq)),
    );
    hand.pass();
    const near = hand.connect();
    hand.subscribe(near, '/a/x', 3);
    expect(near.take()).toEqual(['/a/x subscribed 1.3', '/a/x page 4,5 to 1.5', '/a/x live 1.5']);
    const far = hand.connect();
    hand.subscribe(far, '/a/x', 2);
    hand.state(5);
    expect(far.take()).toEqual(['/a/x subscribed 1.2']);
    hand.routerAnswers({ next: 5, entries: [entry(3), entry(4), entry(5)] });
    expect(far.take()).toEqual(['/a/x page 3,4,5 to 1.5', '/a/x live 1.5']);
  });
});

describe('R3: who is ahead waits', () => {
  it('waits with a cursor that a publish was answered with, until frames have come that far, and gets nothing twice', () => {
    const { hand } = edgeAt(0);
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 6);
    hand.state(6);
    hand.frame(0, 4, [entry(4)]);
    hand.pass();
    expect(told.take()).toEqual(['/a/x subscribed 1.6']);
    hand.frame(4, 6, [entry(6)]);
    hand.pass();
    hand.frame(6, 7, [entry(7)]);
    hand.pass();
    expect(told.take()).toEqual(['/a/x live 1.6', 'all 7 of 1 to 1.7']);
  });

  it('is never moved back by a page of a copy that lags', () => {
    const { hand } = edgeAt(0, { gridEntries: 4 }, 300);
    hand.frame(
      0,
      8,
      [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => entry(seq)),
    );
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 5);
    hand.state(8);
    hand.routerAnswers({ start: 4, next: 4, head: 4 });
    hand.wait(40);
    expect(hand.take('read').map(({ after }) => after)).toEqual([5]);
  });
});

describe('R4: a run of latest', () => {
  it('begins anew on a new epoch, after a gap, though its cursor is of the shared history', () => {
    const { hand } = edgeAt(0, {}, 300);
    hand.frame(
      0,
      8,
      [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => entry(seq)),
    );
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 2, 'latest');
    hand.state(8);
    hand.take('read');
    hand.wait(1_800);
    hand.attached(8, { half: 'h2', epochs: forkedAt(8) });
    hand.state(8, { epochs: forkedAt(8) });
    expect(told.take()).toEqual(['/a/x subscribed 1.2', '/a/x gap 2.0 history']);
  });

  it('reads on to where the answer looked, and lets that cursor wait', () => {
    const { hand } = edgeAt(0, {}, 300);
    hand.frame(
      0,
      4,
      [1, 2, 3, 4].map((seq) => entry(seq)),
    );
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 'earliest', 'latest');
    hand.state(6);
    hand.routerAnswers({ next: 6, entries: [entry(6)] });
    hand.frame(4, 6, [entry(5), entry(6)]);
    hand.pass();
    expect(told.take()).toEqual(['/a/x subscribed 1.0', '/a/x page 6 to 1.6', '/a/x live 1.6']);
  });

  it('takes only the newest of each mailbox from the ring', () => {
    const { hand } = edgeAt(0);
    hand.frame(
      0,
      4,
      [1, 2, 3, 4].map((seq) => entry(seq)),
    );
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 1, 'latest');
    expect(told.take()).toEqual(['/a/x subscribed 1.1', '/a/x page 4 to 1.4', '/a/x live 1.4']);
  });
});

describe('R6: falling behind', () => {
  it('writes a batch whole or not at all, says so once, and goes on from the old end when the socket has drained', () => {
    const { hand, told } = edgeAt(0);
    hand.subscribe(told, '/a/*');
    hand.frame(0, 1, [], { r: 1 });
    hand.pass();
    told.take();
    told.isFull = true;
    hand.frame(1, 3, [entry(2), entry(3, '/a/y')]);
    hand.pass();
    expect(told.take()).toEqual(['behind']);
    hand.frame(3, 4, [entry(4)]);
    hand.pass();
    hand.edge.positions();
    expect(told.take()).toEqual([]);
    told.isFull = false;
    hand.edge.drained(told.connection);
    expect(told.take()).toEqual(['/a/x page 2,4 to 1.4', '/a/x live 1.4', '/a/* page 2,3,4 to 1.4', '/a/* live 1.4']);
  });

  it('sends it nothing of the batches that follow in the same pass', () => {
    const { hand, told } = edgeAt(0, { pageBytes: 120 });
    told.isFull = true;
    hand.frame(0, 2, [entry(1), entry(2)]);
    const wasFull = Object.getOwnPropertyDescriptor(told, 'isFull');
    let looks = 0;
    Object.defineProperty(told, 'isFull', { get: () => (looks += 1) === 1 });
    hand.pass();
    Object.defineProperty(told, 'isFull', wasFull as PropertyDescriptor);
    expect(told.take()).toEqual(['behind', '/a/x page 1 to 1.1', '/a/x page 2 to 1.2', '/a/x live 1.2']);
  });

  it('leaves the readers of other connections where they are', () => {
    const { hand, told } = edgeAt(0);
    const other = hand.connect();
    hand.subscribe(other, '/a/x');
    other.take();
    told.isFull = true;
    hand.frame(0, 1, [entry(1)]);
    hand.pass();
    expect(other.take()).toEqual(['all 1 of 1 to 1.1']);
  });

  it('pushes no page into a full socket', () => {
    const { hand } = edgeAt(0, { pageEntries: 1 });
    hand.frame(0, 3, [entry(1), entry(2), entry(3)]);
    hand.pass();
    const told = hand.connect(new FullAfter(2));
    hand.subscribe(told, '/a/x', 0);
    expect(told.take()).toEqual(['/a/x subscribed 1.0', '/a/x page 1 to 1.1']);
  });
});

/** A socket that has room for so many frames. */
class FullAfter extends Told {
  constructor(frames: number) {
    super();
    Object.defineProperty(this, 'isFull', { get: () => this.lines.length >= frames });
  }
}

describe('R7: one reader of several patterns', () => {
  it('is live only when all of them are held, and gets an entry once that several take', () => {
    const { hand } = edgeAt(0);
    const told = hand.connect();
    hand.subscribe(told, '/a/y /a/*');
    hand.frame(0, 2, [], { r: 1 });
    hand.pass();
    expect(told.take()).toEqual(['/a/y /a/* subscribed 1.0']);
    hand.frame(2, 2, [], { r: 2 });
    hand.routerAnswers({ next: 2, entries: [entry(1, '/a/y')] });
    hand.frame(2, 3, [entry(3, '/a/y')], { r: 2 });
    hand.pass();
    expect(told.take()).toEqual(['/a/y /a/* page 1 to 1.2', '/a/y /a/* live 1.2', 'all 3 of 1 to 1.3']);
  });

  it('ends as a whole when one of its interests is refused', () => {
    const { hand } = edgeAt(0);
    const told = hand.connect();
    hand.subscribe(told, '/a/y /a/*');
    hand.frame(0, 0, [], { r: 2, refused: [2] });
    expect(told.take()).toEqual(['/a/y /a/* subscribed 1.0', '/a/y /a/* refused']);
    expect(hand.edge.sizes).toMatchObject({ readers: 1, interests: 1 });
  });
});

describe('where a reader begins', () => {
  it('asks the log about a cursor of an epoch that this edge does not know, before anybody is told of another history', () => {
    const { hand } = edgeAt(3);
    const told = hand.connect();
    hand.subscribe(told, '/a/x', new Map([['a', { epoch: F, seq: 6 }]]));
    expect([told.take(), hand.asked]).toEqual([[], 1]);
    hand.state(6, { epochs: forkedAt(3) });
    expect(told.take()).toEqual(['/a/x subscribed 2.6']);
  });

  it('is told of the gap where its cursor was forked away', () => {
    const { hand } = edgeAt(3);
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 9);
    hand.state(6, { epochs: forkedAt(3) });
    expect(told.take()).toEqual(['/a/x subscribed 2.3 history']);
  });

  it('does not take the answer to what it asked before history changed', () => {
    const { hand } = edgeAt(3);
    const told = hand.connect();
    hand.subscribe(told, '/a/x', new Map([['a', { epoch: F, seq: 6 }]]));
    hand.wait(1_800);
    hand.attached(3, { half: 'h2', epochs: forkedAt(3) });
    hand.pass();
    hand.state(3);
    expect(told.take()).toEqual([]);
    hand.state(6, { epochs: forkedAt(3) });
    expect(told.take()).toEqual(['/a/x subscribed 2.6']);
  });

  it('asks again where the log did not tell', () => {
    const { hand } = edgeAt(3);
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 1);
    hand.edge.onState('a', undefined);
    hand.wait(40);
    hand.state(3);
    expect([told.take(), hand.asked]).toEqual([['/a/x subscribed 1.1'], 2]);
  });

  it('does not take an answer that is older than its question', () => {
    const { hand } = edgeAt(3);
    hand.subscribe(hand.connect(), '/a/x', 1);
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 5);
    hand.state(4);
    expect([told.take(), hand.asked]).toEqual([[], 2]);
    hand.state(5);
    expect(told.take()).toEqual(['/a/x subscribed 1.5']);
  });

  it('begins anew where history changed before it was told anything', () => {
    const hand = new EdgeByHand();
    const told = hand.connect();
    hand.subscribe(told, '/**');
    hand.attached(4);
    hand.wait(1_800);
    hand.attached(2, { half: 'h2', epochs: forkedAt(2) });
    hand.pass();
    expect(told.take()).toEqual([]);
  });

  it('is told of two gaps where two logs have two reasons', () => {
    const { hand } = edgeAt(0);
    const told = hand.connect();
    hand.subscribe(
      told,
      '/**',
      new Map([
        ['a', { epoch: E, seq: 2 }],
        ['b', { epoch: E, seq: 9 }],
      ]),
    );
    hand.state(8, { floor: 5 });
    const [attach] = hand.take('attach').filter(({ log }) => log === 'b');
    expect(attach).toBeDefined();
    answerB(hand, attach?.attempt ?? 0);
    hand.edge.onState('b', { epochs: forkedAt(3), floor: 0, head: 3 });
    expect(told.take().slice(0, 2)).toEqual(['/** subscribed a:1.5 b:1.9 retention', '/** gap a:1.5 b:2.3 history']);
  });
});

function answerB(hand: EdgeByHand, attempt: number): void {
  hand.attached(3, { log: 'b', attempt, half: 'hb', epochs: forkedAt(3) });
}

describe('pages', () => {
  it('are not taken for whole where they begin beyond the cursor', () => {
    const { hand } = edgeAt(0, {}, 300);
    hand.frame(
      0,
      5,
      [1, 2, 3, 4, 5].map((seq) => entry(seq)),
    );
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 0);
    hand.state(5);
    hand.routerAnswers({ start: 4, next: 5, complete: false, reason: 'retention', entries: [entry(5)] });
    hand.state(5, { floor: 4 });
    expect(told.take()).toEqual(['/a/x subscribed 1.0', '/a/x gap 1.4 retention', '/a/x page 5 to 1.5', '/a/x live 1.5']);
  });

  it('begin on a grid, so that many share them, and bring nobody what it has', () => {
    const { hand } = edgeAt(0, { gridEntries: 4 }, 300);
    hand.frame(
      0,
      9,
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((seq) => entry(seq)),
    );
    hand.pass();
    const [five, six] = [hand.connect(), hand.connect()];
    hand.subscribe(five, '/a/x', 5);
    hand.subscribe(six, '/a/x', 6);
    hand.state(9);
    hand.state(9);
    hand.routerAnswers({ start: 4, next: 9, entries: [5, 6, 7, 8, 9].map((seq) => entry(seq)) });
    expect(hand.take('read')).toEqual([]);
    expect(five.take()).toEqual(['/a/x subscribed 1.5', '/a/x page 6,7,8,9 to 1.9', '/a/x live 1.9']);
    expect(six.take()).toEqual(['/a/x subscribed 1.6', '/a/x page 7,8,9 to 1.9', '/a/x live 1.9']);
  });

  it('are not used again after a purge', () => {
    const { hand } = edgeAt(0, {}, 300);
    hand.frame(
      0,
      5,
      [1, 2, 3, 4, 5].map((seq) => entry(seq)),
    );
    hand.pass();
    for (const seq of [6, 7]) {
      hand.subscribe(hand.connect(), '/a/x', 1);
      hand.state(5);
      hand.routerAnswers({ next: 5, entries: [2, 3, 4, 5].map((n) => entry(n)) });
      hand.frame(seq - 1, seq, [entry(seq, '/a/x', { kind: 'purged', data: new Uint8Array() })]);
    }
    expect(hand.take('read')).toEqual([]);
  });

  it('are asked for again a little later where the log says that nothing is wrong', () => {
    const { hand } = edgeAt(0, {}, 300);
    hand.frame(
      0,
      5,
      [1, 2, 3, 4, 5].map((seq) => entry(seq)),
    );
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', 1);
    hand.state(5);
    hand.routerAnswers('miss');
    hand.logAnswers({ epochs: [{ epoch: 'epoch000', upTo: 5 }], next: 5 });
    hand.state(5);
    expect(hand.take('read')).toEqual([]);
    hand.wait(40);
    hand.routerAnswers({ next: 5, entries: [2, 3, 4, 5].map((seq) => entry(seq)) });
    expect(told.take()).toEqual(['/a/x subscribed 1.1', '/a/x page 2,3,4,5 to 1.5', '/a/x live 1.5']);
  });

  it('of an older question count for nothing', () => {
    const { hand, told } = edgeAt(0, {}, 300);
    told.isFull = true;
    hand.frame(
      0,
      5,
      [1, 2, 3, 4, 5].map((seq) => entry(seq)),
    );
    hand.pass();
    told.isFull = false;
    hand.edge.drained(told.connection);
    const [read] = hand.take('read');
    expect(read?.after).toBe(0);
    hand.wait(1_800);
    hand.attached(2, { half: 'h2', epochs: forkedAt(2) });
    hand.routerAnswers({ epochs: forkedAt(2), next: 2, entries: [entry(1), entry(2)] });
    hand.pass();
    const late = { epochs: ONE_EPOCH, start: 0, next: 5, head: 5, complete: true, entries: [entry(5)] };
    hand.edge.onMessage(encode({ type: 'answer', version: WIRE_VERSION, log: 'a', id: read?.id ?? 0, page: late }));
    expect(told.take()).toEqual(['behind', '/a/x page 1,2 to 2.2', '/a/x live 2.2']);
  });
});
