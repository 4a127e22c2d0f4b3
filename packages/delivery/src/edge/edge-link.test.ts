import { describe, expect, it } from 'vitest';
import { E, EdgeByHand, entry, F, forkedAt } from '../../testing/by-hand.js';
import { WIRE_VERSION } from '../index.js';

/** The edge's end of a link, rule by rule (docs/delivery.md): each test is what happens without the rule. */

/** An edge whose client is live on `/a/x` at `position`. */
function attachedAt(position: number, limits: ConstructorParameters<typeof EdgeByHand>[0] = {}) {
  const hand = new EdgeByHand(limits);
  const told = hand.connect();
  hand.subscribe(told, '/a/x');
  hand.attached(position);
  hand.take('attach');
  hand.take('commands');
  told.take();
  return { hand, told };
}

describe('L1: a link is known by both of its halves', () => {
  it('drops the frames of another router that answered the same attach', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(0, 5, [], { half: 'h2' });
    hand.frame(0, 6, [entry(5)]);
    hand.pass();
    expect(told.take()).toEqual(['all 5 of 1 to 1.6']);
  });

  it('drops what it held of another router while it was attaching', () => {
    const hand = new EdgeByHand();
    const told = hand.connect();
    hand.subscribe(told, '/a/x');
    hand.frame(0, 5, [], { half: 'h2' });
    hand.frame(0, 6, [entry(5)], { half: 'h1' });
    hand.attached(0);
    hand.pass();
    expect(told.take()).toEqual(['/a/x subscribed 1.0', '/a/x live 1.0', 'all 5 of 1 to 1.6']);
  });

  it('ignores the late answer to an attempt that it gave up', () => {
    const hand = new EdgeByHand();
    hand.subscribe(hand.connect(), '/a/x');
    hand.wait(400);
    hand.attached(0, { attempt: 1 });
    expect(hand.edge.silentLogs).toEqual(['a']);
    hand.attached(0);
    expect(hand.edge.silentLogs).toEqual([]);
  });

  it('ignores the beats of another link, and every beat while it attaches', () => {
    const { hand } = attachedAt(5);
    for (let i = 0; i < 4; i += 1) {
      hand.wait(500);
      hand.beat(9, { half: 'h2' });
    }
    expect(hand.take('attach')).toHaveLength(1);
    hand.beat(9);
    hand.beat(9);
    expect(hand.take('read')).toEqual([]);
  });
});

describe('L2: an attach is one message, answered once', () => {
  it('activates by the answer only what the attach asked for', () => {
    const hand = new EdgeByHand();
    const told = hand.connect();
    hand.subscribe(told, '/a/x');
    hand.subscribe(told, '/a/y');
    hand.attached(0);
    expect(told.take()).toEqual(['/a/x subscribed 1.0', '/a/x live 1.0', '/a/y subscribed 1.0']);
    hand.frame(0, 0, [], { r: 1 });
    expect(told.take()).toEqual(['/a/y live 1.0']);
  });

  it('waits twice as long after every attempt, so that the wait outgrows any round trip', () => {
    const hand = new EdgeByHand();
    hand.subscribe(hand.connect(), '/a/x');
    const attempts = [400, 800, 1_600].map((ms) => {
      hand.take('attach');
      hand.wait(ms - 20);
      expect(hand.take('attach')).toEqual([]);
      hand.wait(20);
      return hand.sent.length;
    });
    expect(attempts).toEqual([1, 1, 1]);
  });

  it('waits briefly again once it was answered', () => {
    const hand = new EdgeByHand();
    hand.subscribe(hand.connect(), '/a/x');
    hand.wait(1_200);
    hand.attached(0);
    hand.wait(1_800);
    hand.take('attach');
    hand.wait(400);
    expect(hand.take('attach')).toHaveLength(1);
  });

  it('has since at covered, where the router lies behind', () => {
    const { hand } = attachedAt(0);
    hand.frame(0, 9, [entry(9)]);
    hand.pass();
    hand.wait(1_800);
    const told = hand.connect();
    told.isFull = true;
    hand.subscribe(told, '/a/y', 7);
    hand.wait(400);
    hand.attached(6, { half: 'h2' });
    told.isFull = false;
    hand.edge.drained(told.connection);
    expect(hand.take('read').map(({ after }) => after)).toEqual([7]);
  });

  it('asks by command for what found no room in the attach', () => {
    const { hand } = attachedAt(0, { attachBytesMax: 9 });
    hand.subscribe(hand.connect(), '/a/y');
    hand.subscribe(hand.connect(), '/a/z');
    hand.wait(1_800);
    expect(hand.take('attach').map(({ patterns }) => patterns)).toEqual([['/a/x', '/a/y']]);
    hand.take('commands');
    hand.attached(0, { half: 'h3' });
    expect(hand.take('commands').map(({ commands }) => commands)).toEqual([[{ r: 1, op: 'watch', pattern: '/a/z' }]]);
  });

  it('tells those whom the router has no room for, by the answer', () => {
    const hand = new EdgeByHand();
    const told = hand.connect();
    hand.subscribe(told, '/a/x');
    hand.attached(0, { refused: ['/a/x'] });
    expect(told.take()).toEqual(['/a/x refused']);
    expect(hand.edge.sizes).toMatchObject({ readers: 0, interests: 0 });
  });
});

describe('L3: commands are numbered, repeated, and acknowledged by what is applied', () => {
  it('has one message in flight, and sends all that wait upon its acknowledgement', () => {
    const { hand, told } = attachedAt(0);
    hand.subscribe(told, '/a/y');
    const z = hand.subscribe(told, '/a/z');
    hand.edge.unsubscribe(z);
    expect(hand.take('commands').map(({ commands }) => commands)).toEqual([[{ r: 1, op: 'watch', pattern: '/a/y' }]]);
    hand.frame(0, 0, [], { r: 1 });
    const [next] = hand.take('commands');
    expect(next?.commands).toEqual([
      { r: 2, op: 'watch', pattern: '/a/z' },
      { r: 3, op: 'unwatch', pattern: '/a/z' },
    ]);
  });

  it('sends the same again on a timer', () => {
    const { hand, told } = attachedAt(0);
    hand.subscribe(told, '/a/y');
    const [first] = hand.take('commands');
    hand.wait(400);
    expect(hand.take('commands')).toEqual([first]);
  });

  it('sends the same again when a beat says that they did not arrive', () => {
    const { hand, told } = attachedAt(0);
    hand.subscribe(told, '/a/y');
    const [first] = hand.take('commands');
    hand.beat(0);
    expect(hand.take('commands')).toEqual([first]);
  });

  it('is not acknowledged by a frame that waits behind a hole', () => {
    const { hand, told } = attachedAt(0);
    hand.subscribe(told, '/a/y');
    hand.take('commands');
    hand.frame(4, 5, [], { r: 1 });
    hand.beat(0);
    expect(hand.take('commands')).toHaveLength(1);
    expect(told.take()).toEqual(['/a/y subscribed 1.0']);
  });

  it('ends the readers whose interest was refused', () => {
    const { hand, told } = attachedAt(0);
    hand.subscribe(told, '/a/y');
    hand.subscribe(told, '/a/z');
    hand.frame(0, 0, [], { r: 1, refused: [1] });
    hand.frame(0, 0, [], { r: 2 });
    expect(told.take()).toEqual(['/a/y subscribed 1.0', '/a/z subscribed 1.0', '/a/y refused', '/a/z live 1.0']);
  });

  it('does not take the refusal of an earlier watch for that of a later one', () => {
    const { hand, told } = attachedAt(0);
    hand.edge.unsubscribe(hand.subscribe(told, '/a/y'));
    hand.subscribe(told, '/a/y');
    told.take();
    hand.frame(0, 0, [], { r: 1, refused: [1] });
    hand.frame(0, 0, [], { r: 3, refused: [1] });
    expect(told.take()).toEqual(['/a/y live 1.0']);
  });

  it('attaches anew rather than keep more commands than its bound', () => {
    const { hand, told } = attachedAt(0, { commandsMax: 2 });
    for (const name of ['/a/p', '/a/q', '/a/r']) hand.subscribe(told, name);
    expect(hand.take('attach').map(({ patterns }) => patterns)).toEqual([['/a/x', '/a/p', '/a/q', '/a/r']]);
  });
});

describe('a pass in the midst of a frame', () => {
  it('may end readers, and the link with them: the frame then says nothing about the next one', () => {
    const hand = new EdgeByHand({ attachBytesMax: 4, commandsMax: 6, pendingBytesMax: 1 });
    const [told, other] = [hand.connect(), hand.connect()];
    for (const name of ['/a/z', '/a/w']) hand.subscribe(other, name);
    for (const name of ['/a/p', '/a/q', '/a/r', '/a/s', '/a/x']) hand.subscribe(told, name);
    hand.attached(0);
    hand.frame(0, 0, [], { r: 6 });
    other.take();
    told.write = () => hand.edge.disconnect(told.connection);
    hand.take('attach');
    for (const name of ['/a/k', '/a/l', '/a/m']) hand.subscribe(told, name);
    hand.frame(0, 1, [entry(1)], { r: 8 });
    expect(hand.take('attach')).toHaveLength(1);
    expect(other.take()).toEqual(['behind', '/a/z live 1.1']);
    hand.logAnswers({ next: 1 });
    hand.attached(1);
    expect(other.take()).toEqual([]);
    hand.frame(1, 1, [], { r: 1 });
    expect(other.take()).toEqual(['/a/w live 1.1']);
  });
});

describe('L5: a hole is read inside the link', () => {
  it('waits a little for a frame that was merely overtaken', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(3, 6, [entry(5)]);
    hand.wait(40);
    hand.frame(0, 3, [entry(2)]);
    hand.wait(100);
    hand.pass();
    expect(told.take()).toEqual(['all 2,5 of 1 to 1.6']);
    expect(hand.take('read')).toEqual([]);
  });

  it('reads what a lost frame held, then goes on with what it kept', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(3, 6, [entry(5)]);
    hand.wait(60);
    hand.frame(6, 9, [entry(8)]);
    hand.routerAnswers({ next: 3, entries: [entry(2)] });
    hand.pass();
    expect(told.take()).toEqual(['all 2,5,8 of 1 to 1.9']);
    expect(hand.take('attach')).toEqual([]);
  });

  it('never applies a frame over a hole', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(3, 6, [entry(5)]);
    hand.pass();
    expect(told.take()).toEqual([]);
  });

  it('asks the log where the router does not hold the stretch, and asks again where nothing came', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(3, 6, [entry(5)]);
    hand.wait(60);
    hand.routerAnswers('miss');
    hand.logAnswers('failed');
    hand.wait(40);
    hand.routerAnswers('miss');
    hand.logAnswers({ next: 3, entries: [entry(2)] });
    hand.pass();
    expect(told.take()).toEqual(['all 2,5 of 1 to 1.6']);
  });

  it('lets each reader catch up by itself over a hole that is too large to read', () => {
    const { hand, told } = attachedAt(0, { jumpEntries: 10 });
    hand.frame(0, 4, [entry(4)]);
    hand.pass();
    hand.frame(50, 60, [entry(55)]);
    hand.wait(60);
    hand.pass();
    expect(told.take()).toEqual(['all 4 of 1 to 1.4', 'behind']);
    hand.routerAnswers({ next: 60, entries: [entry(20), entry(55)] });
    expect(told.take()).toEqual(['/a/x page 20,55 to 1.60', '/a/x live 1.60']);
  });

  it('holds only so much, and reads what it did not hold', () => {
    const { hand, told } = attachedAt(0, { heldFramesMax: 1 });
    hand.frame(1, 2, [entry(2)]);
    hand.frame(2, 3, [entry(3)]);
    hand.frame(0, 1, [entry(1)]);
    hand.frame(3, 4, [entry(4)]);
    hand.wait(60);
    hand.routerAnswers({ next: 3, entries: [entry(3)] });
    hand.pass();
    expect(told.take()).toEqual(['all 1,2,3,4 of 1 to 1.4']);
  });
});

describe('L6: an interest is active from the first applied frame that has its command', () => {
  it('has its since at covered, not at the beginning of a frame that reaches back', () => {
    const { hand } = attachedAt(0);
    hand.frame(0, 10, [entry(4)]);
    hand.pass();
    const told = hand.connect();
    told.isFull = true;
    hand.subscribe(told, '/a/y', 9);
    hand.frame(8, 12, [], { r: 1 });
    hand.pass();
    told.isFull = false;
    hand.edge.drained(told.connection);
    // The ring has no /a/y of 10: it must be read.
    expect(told.take()).toEqual(['/a/y subscribed 1.9']);
    hand.routerAnswers({ next: 12, entries: [entry(10, '/a/y')] });
    expect(told.take()).toEqual(['/a/y page 10 to 1.12', '/a/y live 1.12']);
  });

  it('is inactive from the moment its unwatch is queued', () => {
    const { hand, told } = attachedAt(0);
    const y = hand.subscribe(told, '/a/y');
    hand.frame(0, 0, [], { r: 1 });
    hand.edge.unsubscribe(y);
    told.take();
    hand.subscribe(told, '/a/y');
    hand.frame(0, 4, [], { r: 2 });
    hand.pass();
    expect(told.take()).toEqual(['/a/y subscribed 1.0']);
  });
});

describe('L7: before an interest is not held any more, its readers return to catching up', () => {
  it('takes those back whose interest found no room when it attached anew', () => {
    const { hand, told } = attachedAt(0, { attachBytesMax: 4 });
    const other = hand.connect();
    hand.subscribe(other, '/a/y');
    hand.frame(0, 0, [], { r: 1 });
    expect(other.take()).toEqual(['/a/y subscribed 1.0', '/a/y live 1.0']);
    hand.wait(1_800);
    expect(other.take()).toEqual(['behind']);
    hand.attached(0, { half: 'h2' });
    hand.frame(0, 3, [entry(3)]);
    hand.pass();
    expect(told.take()).toEqual(['all 3 of 1 to 1.3']);
    hand.routerAnswers({ next: 3, entries: [entry(2, '/a/y')] });
    hand.frame(3, 3, [], { r: 1 });
    expect(other.take()).toEqual(['/a/y page 2 to 1.3', '/a/y live 1.3']);
  });
});

describe('L8: what is gone is told', () => {
  it('tells every live reader of a mend that is incomplete, and answers nothing from before', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(8, 9, [entry(9)]);
    hand.wait(60);
    hand.routerAnswers('miss');
    hand.logAnswers({ start: 6, next: 8, complete: false, reason: 'retention', entries: [entry(7)] });
    hand.pass();
    expect(told.take()).toEqual(['/a/x gap 1.6 retention', 'all 7,9 of 1 to 1.9']);
    const late = hand.connect();
    hand.subscribe(late, '/a/x', 5);
    hand.state(9, { floor: 6 });
    expect(late.take()).toEqual(['/a/x subscribed 1.6 retention', '/a/x page 7,9 to 1.9', '/a/x live 1.9']);
  });
});

describe('L9: a beat is the empty frame at its end, and a sign of life', () => {
  it('acknowledges and activates after the last frame was lost on a quiet log', () => {
    const { hand, told } = attachedAt(0);
    hand.subscribe(told, '/a/y');
    hand.beat(0, { r: 1 });
    expect(told.take()).toEqual(['/a/y subscribed 1.0', '/a/y live 1.0']);
  });

  it('activates nothing while it mends: the mend does not read for it', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(3, 4);
    hand.wait(60);
    hand.subscribe(told, '/a/y');
    hand.beat(0, { r: 1 });
    expect(told.take()).toEqual(['/a/y subscribed 1.0']);
    hand.routerAnswers({ next: 3 });
    hand.frame(4, 4, [], { r: 1 });
    hand.pass();
    expect(hand.take('read').map(({ patterns, after }) => ({ patterns, after }))).toEqual([{ patterns: ['/a/y'], after: 0 }]);
  });

  it('mends when it lies below what the beat before said, not below the newest', () => {
    const { hand } = attachedAt(0);
    hand.beat(5);
    expect(hand.take('read')).toEqual([]);
    hand.beat(5);
    expect(hand.take('read').map(({ after }) => after)).toEqual([0]);
  });

  it('attaches anew after three beats have not come, and lets nobody ask the silent router for pages', () => {
    const { hand, told } = attachedAt(5);
    hand.wait(1_000);
    hand.subscribe(told, '/a/y', 'earliest');
    hand.state(5);
    expect([hand.take('read').length, hand.reads.length]).toEqual([0, 1]);
    hand.wait(700);
    expect(hand.take('attach')).toEqual([]);
    hand.wait(60);
    expect(hand.take('attach')).toHaveLength(1);
  });

  it('counts beats while it mends, and attaches anew when they cease', () => {
    const { hand } = attachedAt(0);
    hand.frame(3, 4);
    hand.wait(60);
    for (let i = 0; i < 5; i += 1) {
      hand.wait(500);
      hand.beat(4);
    }
    expect(hand.take('attach')).toEqual([]);
    hand.wait(1_800);
    expect(hand.take('attach')).toHaveLength(1);
  });

  it('shows the router that it is alive when it has nothing to say', () => {
    const { hand } = attachedAt(0);
    for (let i = 0; i < 5; i += 1) {
      hand.wait(400);
      hand.beat(0);
    }
    expect(hand.take('commands').map(({ commands }) => commands)).toEqual([[]]);
  });
});

describe('L10: epochs', () => {
  it('refuses a stale router, whose epoch is an ancestor of its own', () => {
    const { hand, told } = attachedAt(5);
    hand.wait(1_800);
    hand.attached(5, { half: 'h2', epochs: forkedAt(5) });
    hand.wait(1_800);
    told.take();
    hand.attached(9, { half: 'h3' });
    expect(hand.edge.silentLogs).toEqual(['a']);
    expect(told.take()).toEqual([]);
  });

  it('goes back to the fork, and tells those who were beyond it', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(0, 8, [entry(7)]);
    hand.pass();
    hand.wait(1_800);
    hand.attached(5, { half: 'h2', epochs: forkedAt(5) });
    hand.state(6, { epochs: forkedAt(5) });
    hand.frame(5, 6, [entry(6)], { epoch: F });
    hand.pass();
    expect(told.take()).toEqual(['all 7 of 1 to 1.8', 'behind', '/a/x gap 2.5 history', '/a/x live 2.5', 'all 6 of 2 to 2.6']);
  });

  it('leaves those alone who were not beyond the fork', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(0, 4, [entry(4)]);
    hand.pass();
    hand.wait(1_800);
    hand.attached(6, { half: 'h2', epochs: forkedAt(5) });
    hand.routerAnswers({ epochs: forkedAt(5), next: 6, entries: [entry(5), entry(6)] });
    hand.pass();
    expect(told.take()).toEqual(['all 4 of 1 to 1.4', 'all 5,6 of 2 to 2.6']);
  });

  it('answers nothing of the old history from the ring', () => {
    const { hand } = attachedAt(0);
    hand.frame(0, 8, [entry(7)]);
    hand.pass();
    hand.wait(1_800);
    hand.attached(5, { half: 'h2', epochs: forkedAt(5) });
    hand.frame(5, 9, [entry(9)], { epoch: F });
    hand.pass();
    const told = hand.connect();
    hand.subscribe(told, '/a/x', new Map([['a', { epoch: F, seq: 5 }]]));
    expect(told.take()).toEqual(['/a/x subscribed 2.5', '/a/x page 9 to 2.9', '/a/x live 2.9']);
  });

  it('lets a reader at the fork be live, though its interest was held only since later', () => {
    const hand = new EdgeByHand();
    const told = hand.connect();
    hand.subscribe(told, '/a/x');
    hand.attached(8);
    hand.wait(1_800);
    hand.attached(5, { half: 'h2', epochs: forkedAt(5) });
    hand.state(5, { epochs: forkedAt(5) });
    expect(told.take()).toEqual(['/a/x subscribed 1.8', '/a/x live 1.8', 'behind', '/a/x gap 2.5 history', '/a/x live 2.5']);
  });

  it('passes on under its own epoch what it had applied before the fork was known', () => {
    const { hand, told } = attachedAt(0);
    hand.frame(0, 4, [entry(4)]);
    hand.wait(1_800);
    hand.attached(4, { half: 'h2', epochs: forkedAt(4) });
    hand.pass();
    expect(told.take()).toEqual(['all 4 of 1 to 1.4']);
  });

  it('has the new history before a router that has not seen it, and asks it ever less often', () => {
    const { hand } = attachedAt(0);
    hand.frame(3, 4);
    hand.wait(60);
    hand.routerAnswers('miss');
    hand.logAnswers({ epochs: forkedAt(2), start: 0, next: 2 });
    expect(hand.take('attach')).toHaveLength(1);
    hand.attached(4, { half: 'h2' });
    hand.wait(380);
    expect(hand.take('attach')).toEqual([]);
    hand.wait(20);
    expect(hand.take('attach')).toHaveLength(1);
  });

  it('takes nothing from a copy that has not seen its history yet', () => {
    const { hand, told } = attachedAt(0);
    hand.wait(1_800);
    hand.attached(3, { half: 'h2', epochs: forkedAt(2) });
    hand.routerAnswers('miss');
    hand.logAnswers({ next: 3, entries: [entry(3)] });
    hand.pass();
    expect(told.take()).toEqual([]);
    hand.wait(40);
    hand.routerAnswers({ epochs: forkedAt(2), next: 3, entries: [entry(3)] });
    hand.pass();
    expect(told.take()).toEqual(['all 3 of 2 to 2.3']);
  });

  it('drops frames of another epoch with their link', () => {
    const { hand } = attachedAt(0);
    hand.frame(0, 3, [entry(3)], { epoch: F });
    expect(hand.take('attach')).toHaveLength(1);
    expect(E).not.toBe(F);
  });
});

describe('L13: a link speaks the lower of two versions', () => {
  const NEWER = WIRE_VERSION + 1;

  it('says in its attach what it speaks, and from then on speaks as it was answered', () => {
    const hand = new EdgeByHand({}, 0, NEWER);
    const told = hand.connect();
    const reader = hand.subscribe(told, '/a/x', 2);
    expect(hand.take('attach').map(({ version }) => version)).toEqual([NEWER]);
    hand.attached(7);
    hand.state(7);
    hand.edge.unsubscribe(reader);
    expect(hand.sent.map(({ type, version }) => [type, version])).toEqual([
      ['commands', WIRE_VERSION],
      ['read', WIRE_VERSION],
      ['commands', WIRE_VERSION],
    ]);
  });

  it('does not listen to who answers in a version that it does not speak', () => {
    const hand = new EdgeByHand();
    hand.subscribe(hand.connect(), '/a/x');
    hand.attached(0, { version: NEWER });
    expect(hand.edge.silentLogs).toEqual(['a']);
  });
});
