import { describe, expect, it } from 'vitest';
import { shapeOf } from './chart.js';
import { leadOf, tally, type Update } from './count.js';
import { Delays } from './delays.js';
import { change, lead, milliseconds, utc } from './format.js';
import { mailboxOf, slugOf, STATES } from './states.js';

function update(biden: number, trump: number, more: Partial<Update> = {}): Update {
  return {
    time: '2020-11-04T03:12:16Z',
    state: 'Ohio',
    electoralVotes: 18,
    totalVotes: 1_000,
    shares: { biden, trump },
    percentCounted: 40,
    ...more,
  };
}

describe('who leads', () => {
  it('is the one with more of the votes counted, by tenths of a point', () => {
    expect(leadOf(update(0.495, 0.492))).toEqual({ leader: 'biden', points: 0.3, close: true });
    expect(leadOf(update(0.4, 0.585))).toEqual({ leader: 'trump', points: -18.5, close: false });
    expect(leadOf(update(0.48, 0.48)).leader).toBe('tie');
  });

  it('is nobody before there are votes, and again when a correction takes all away', () => {
    expect(leadOf(undefined).leader).toBe('none');
    expect(leadOf(update(0, 0, { totalVotes: 0, correction: true })).leader).toBe('none');
  });
});

describe('the tally', () => {
  it('of nothing has all electors still open', () => {
    expect(tally([])).toMatchObject({ electors: { biden: 0, trump: 0, tie: 0, none: 535 }, reporting: 0, totalVotes: 0, time: undefined });
  });

  it('adds electors by leader, and votes by share', () => {
    const updates = [update(0.6, 0.4), update(0.25, 0.75, { electoralVotes: 3, totalVotes: 400, time: '2020-11-04T04:00:00Z' })];
    expect(tally(updates)).toEqual({
      electors: { biden: 18, trump: 3, tie: 0, none: 514 },
      states: { biden: 1, trump: 1, tie: 0, none: 48 },
      votes: { biden: 700, trump: 700 },
      totalVotes: 1_400,
      reporting: 2,
      time: '2020-11-04T04:00:00Z',
    });
  });

  it('does not count a state without votes as reporting', () => {
    expect(tally([update(0, 0, { totalVotes: 0 })])).toMatchObject({ reporting: 0, electors: { none: 535 } });
  });
});

describe('the states', () => {
  it('are 50, with 535 electors and a mailbox each', () => {
    expect([STATES.length, STATES.reduce((sum, { electors }) => sum + electors, 0)]).toEqual([50, 535]);
    const newHampshire = STATES.find(({ postal }) => postal === 'NH');
    expect(newHampshire).toEqual({ name: 'New Hampshire', postal: 'NH', electors: 4, slug: 'new-hampshire' });
    expect(slugOf(mailboxOf(newHampshire ?? { name: '', postal: '', electors: 0, slug: '' }))).toBe('new-hampshire');
  });
});

describe('the chart', () => {
  const settled = Array.from({ length: 20 }, () => update(0.46, 0.52));

  it('has a scale that the first villages do not set', () => {
    expect(shapeOf([update(1, 0), ...settled]).scale).toBe(10);
  });

  it('marks corrections, and breaks where no votes are left', () => {
    const shape = shapeOf([update(0.5, 0.4), update(0, 0, { totalVotes: 0, correction: true }), update(0.4, 0.5)]);
    expect(shape.corrections).toHaveLength(1);
    expect(shape.line.match(/M/g)).toHaveLength(2);
  });

  it('is empty without a history', () => {
    expect(shapeOf([])).toMatchObject({ line: '', biden: '', trump: '', corrections: [], end: undefined });
  });
});

describe('figures in words', () => {
  it('have a real minus sign, a lead with a name, and a date in both time zones', () => {
    expect([change(-1_234), change(1_234)]).toEqual(['−1,234', '+1,234']);
    expect([lead(update(0.495, 0.492)), lead(update(0.5, 0.5)), lead(undefined)]).toEqual(['Biden +0.3', 'even', 'no votes yet']);
    expect(utc('2020-11-04T03:12:16Z')).toBe('Nov 4, 03:12 UTC');
    expect([milliseconds(12.4), milliseconds(1_460), milliseconds(120_000)]).toEqual(['12\u202fms', '1.5\u202fs', '2\u202fmin']);
  });
});

describe('delays', () => {
  it('are of the last so many', () => {
    const delays = new Delays(4);
    expect(delays.percentile(50)).toBeUndefined();
    for (const ms of [900, 1, 2, 3, 4]) delays.add(ms);
    expect([delays.percentile(50), delays.percentile(99)]).toEqual([2, 4]);
  });
});
