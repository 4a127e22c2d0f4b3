import { describe, expect, it } from 'vitest';
import { mailboxOf, NIGHT_ENDS, parseFigures, readFigures, ROOT } from './figures.mjs';
import { dueByNight, dueEvenly } from './pace.mjs';
import { progressLine, reportTo } from './progress.mjs';

const updates = readFigures();

describe('the figures', () => {
  it('are 9,207 updates of 50 states with 535 electors, in order, each with its own place', () => {
    expect(updates).toHaveLength(9_207);
    expect(updates.map(({ time }) => time)).toEqual(updates.map(({ time }) => time).sort());
    expect(new Set(updates.map(({ state, time }) => `${state} ${time}`)).size).toBe(9_207);
    const electors = new Map(updates.map(({ state, electoralVotes }) => [state, electoralVotes]));
    expect([electors.size, [...electors.values()].reduce((sum, votes) => sum + votes)]).toEqual([50, 535]);
  });

  it('hold 156 corrections, which say so', () => {
    expect(updates.filter(({ correction }) => correction).length).toBe(156);
  });

  it('are read as numbers', () => {
    const rows = ['2020-11-03T23:12:16Z,Indiana,11,7987,0.297,0.684,0', '2020-11-03T23:15:00Z,Indiana,11,7900,0.3,0.7,1'];
    const first = { time: '2020-11-03T23:12:16Z', state: 'Indiana', electoralVotes: 11, totalVotes: 7987 };
    expect(parseFigures(`head\n${rows.join('\n')}\n`)).toEqual([
      { ...first, shares: { biden: 0.297, trump: 0.684 }, percentCounted: 0 },
      {
        ...first,
        time: '2020-11-03T23:15:00Z',
        totalVotes: 7900,
        shares: { biden: 0.3, trump: 0.7 },
        percentCounted: 1,
        correction: true,
      },
    ]);
  });

  it('go into the mailbox of their state', () => {
    expect(mailboxOf('New Hampshire')).toBe(`${ROOT}/new-hampshire`);
  });
});

describe('the pace', () => {
  const night = updates.findLastIndex(({ time }) => time < NIGHT_ENDS);

  it('tells the night in the minutes asked for, and the days after in a third of them', () => {
    const dueMs = dueByNight(updates, 3);
    expect(dueMs[0]).toBe(0);
    expect(dueMs[night]).toBeCloseTo(180_000, 0);
    expect(dueMs.at(-1)).toBeCloseTo(240_000, 0);
  });

  it('never goes back, never stands still for a second, and stays below 80 updates a second', () => {
    const dueMs = dueByNight(updates, 3);
    const perSecond = new Array<number>(241).fill(0);
    for (const due of dueMs) perSecond[Math.floor(due / 1_000)] = (perSecond[Math.floor(due / 1_000)] ?? 0) + 1;
    expect(dueMs).toEqual([...dueMs].sort((a, b) => a - b));
    expect(Math.min(...perSecond.slice(0, 240))).toBeGreaterThan(0);
    expect(Math.max(...perSecond)).toBeLessThan(80);
  });

  it('can be even', () => {
    expect(dueEvenly(updates.slice(0, 3), 50)).toEqual([0, 20, 40]);
  });
});

describe('the progress', () => {
  const progress = { done: 4_604, total: 9_207, perSecond: 36.2, leftMs: 83_400, recordedTime: '2020-11-04T04:12:06Z' };

  it('is a bar with rate and time left', () => {
    expect(progressLine(progress)).toBe('████████████░░░░░░░░░░░░ 4,604 of 9,207  36/s   1:24 left  2020-11-04 04:12 UTC');
  });

  it('stays one line on a terminal, also when something is said in between', () => {
    const written: string[] = [];
    const reporter = reportTo({ isTTY: true, columns: 60, write: (text) => written.push(text) });
    reporter.update(progress);
    reporter.say('hello');
    const line = written[0] ?? '';
    expect(line).toHaveLength(59);
    expect(written.slice(1)).toEqual(['\r\u001b[2K', 'hello\n', line]);
  });

  it('is a line now and then where nobody looks at a terminal', () => {
    const written: string[] = [];
    const reporter = reportTo({ write: (text) => written.push(text) });
    for (let done = 1; done <= 1_000; done++) reporter.update({ ...progress, done, total: 1_000 });
    expect(written.length).toBe(2);
    expect(written[1]).toContain('1,000 of 1,000');
  });
});
