import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentEpoch, type Epochs, type Extent, forkedAt, isEpoch, OPEN, resumeAt, sharedUpTo } from './history.js';

// `first` was forked at 100 into `second`, that one at 150 into `third`.
const LINE: Epochs = [
  { epoch: 'first', upTo: 100 },
  { epoch: 'second', upTo: 150 },
  { epoch: 'third', upTo: OPEN },
];
const extent = (floor: number, head: number, epochs = LINE): Extent => ({ epochs, floor, head });

describe('epochs', () => {
  it('are 8 to 16 lower-case letters and digits', () => {
    expect(['k3f9c2ab', 'a'.repeat(16)].map(isEpoch)).toEqual([true, true]);
    expect(['', 'k3f9c2a', 'a'.repeat(17), 'K3F9C2AB', 'k3f9c2ab\n', 'k3f9-2ab'].map(isEpoch)).toEqual(Array(6).fill(false));
  });

  it('share their history up to the lowest fork since', () => {
    expect(sharedUpTo(LINE, 'first')).toBe(100);
    expect(sharedUpTo(LINE, 'second')).toBe(150);
    expect(sharedUpTo(LINE, 'third')).toBe(OPEN);
    expect(sharedUpTo(LINE, 'fourth')).toBeUndefined();
    const back = forkedAt(LINE, 40, 'fourth');
    expect(['first', 'second', 'third', 'fourth'].map((epoch) => sharedUpTo(back, epoch))).toEqual([40, 40, 40, OPEN]);
  });

  it('end where the fork is, and the new one is current', () => {
    const forked = forkedAt([{ epoch: 'first', upTo: OPEN }], 7, 'second');
    expect(forked).toEqual([
      { epoch: 'first', upTo: 7 },
      { epoch: 'second', upTo: OPEN },
    ]);
    expect(currentEpoch(forked)).toBe('second');
  });

  it('never run out: a log without one is a fault of ours', () => {
    expect(() => currentEpoch([])).toThrow('at least one epoch');
  });
});

describe('where a reader goes on', () => {
  it.each([
    ['from earliest, at the floor', 'earliest', 20, 200, { start: 20, complete: true }],
    ['at a position of this epoch', { epoch: 'third', seq: 170 }, 20, 200, { start: 170, complete: true }],
    ['at the head', { epoch: 'third', seq: 200 }, 20, 200, { start: 200, complete: true }],
    ['at the floor itself, where nothing is missing', { epoch: 'third', seq: 20 }, 20, 200, { start: 20, complete: true }],
    ['below the floor', { epoch: 'third', seq: 19 }, 20, 200, { start: 20, complete: false, reason: 'retention' }],
    [
      'at nothing, of a log that lost its beginning',
      { epoch: 'third', seq: 0 },
      20,
      200,
      { start: 20, complete: false, reason: 'retention' },
    ],
    ['at nothing, of a log that lost nothing', { epoch: 'third', seq: 0 }, 0, 200, { start: 0, complete: true }],
    ['of an older epoch, before its fork', { epoch: 'first', seq: 60 }, 20, 200, { start: 60, complete: true }],
    ['of an older epoch, at its fork', { epoch: 'first', seq: 100 }, 20, 200, { start: 100, complete: true }],
    ['of an older epoch, after its fork', { epoch: 'first', seq: 101 }, 20, 200, { start: 100, complete: false, reason: 'history' }],
    [
      'of an older epoch, fork and all below the floor',
      { epoch: 'first', seq: 130 },
      120,
      200,
      { start: 120, complete: false, reason: 'history' },
    ],
    ['of an older epoch, below the floor', { epoch: 'first', seq: 60 }, 80, 200, { start: 80, complete: false, reason: 'retention' }],
    ['of an epoch nobody knows', { epoch: 'other', seq: 60 }, 20, 200, { start: 20, complete: false, reason: 'history' }],
    ['of an epoch nobody knows, at an empty log', { epoch: 'other', seq: 60 }, 0, 0, { start: 0, complete: false, reason: 'history' }],
    ['beyond the head', { epoch: 'third', seq: 201 }, 20, 200, { start: 20, complete: false, reason: 'history' }],
  ] as const)('%s', (_where, after, floor, head, expected) => {
    expect(resumeAt(extent(floor, head), after, true)).toEqual(expected);
  });

  it('beyond the head of a copy that only lags, it waits there', () => {
    expect(resumeAt(extent(20, 200), { epoch: 'third', seq: 201 }, false)).toEqual({ start: 201, complete: true });
  });

  it('begins a run of latest anew when its epoch is no longer the current one', () => {
    expect(resumeAt(extent(20, 200), { epoch: 'second', seq: 60 }, true, 'latest')).toEqual({
      start: 20,
      complete: false,
      reason: 'history',
    });
    expect(resumeAt(extent(20, 200), { epoch: 'third', seq: 60 }, true, 'latest')).toEqual({ start: 60, complete: true });
  });

  it('is never told in silence to skip or repeat, whatever the forks', () => {
    const forks = fc.array(fc.nat(300), { maxLength: 5 });
    fc.assert(
      fc.property(forks, fc.nat(300), fc.nat(300), fc.nat(5), fc.nat(300), (upTos, a, b, index, seq) => {
        let epochs: Epochs = [{ epoch: 'epoch0', upTo: OPEN }];
        upTos.forEach((upTo, i) => {
          epochs = forkedAt(epochs, upTo, `epoch${i + 1}`);
        });
        const floor = Math.min(a, b);
        const after = { epoch: `epoch${index}`, seq };
        const resumption = resumeAt({ epochs, floor, head: Math.max(a, b) }, after, true);
        expect(resumption.start).toBeGreaterThanOrEqual(floor);
        // Complete says: this very position is part of the current history, and all after it is still there.
        if (resumption.complete) expect([resumption.start, seq <= (sharedUpTo(epochs, after.epoch) ?? -1)]).toEqual([seq, true]);
        else expect(resumption.reason).toBeDefined();
      }),
    );
  });
});
