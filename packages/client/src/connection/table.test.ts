import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from './actions.js';
import { INITIAL, type Machine, type MachineEvent, type Surroundings } from './machine.js';
import { step, TABLE } from './table.js';
import { TIMING } from './timing.js';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/client.md', import.meta.url));
const section = readFileSync(DOCUMENT, 'utf8').split('### The table\n')[1] ?? '';

function rowsUnder(firstCell: string): string[][] {
  const lines = section.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${firstCell} |`));
  const rest = lines.slice(from);
  const rows = rest.slice(0, rest.indexOf('')).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '')),
  );
  return rows.filter((_row, i) => i !== 1);
}

describe('the table', () => {
  it('is the one of docs/client.md, cell by cell', () => {
    const [[, ...phases] = [], ...rows] = rowsUnder('event');
    const cells = Object.fromEntries(
      rows.map(([event = '', ...row]) => [event, Object.fromEntries(row.map((cell, i) => [phases[i], cell]))]),
    );
    expect(cells).toEqual(TABLE);
  });

  it('uses every action, and the document explains each', () => {
    const used = new Set(Object.values(TABLE).flatMap((row) => Object.values(row)));
    expect([...used].sort()).toEqual(Object.keys(ACTIONS).sort());
    expect(
      rowsUnder('action')
        .slice(1)
        .map(([name]) => name)
        .sort(),
    ).toEqual(Object.keys(ACTIONS).sort());
  });
});

/** Three transports and two addresses; chance is always in the middle. */
function drive(from: Partial<Machine>, events: readonly (MachineEvent & { readonly at?: number })[]) {
  let machine: Machine = { ...INITIAL, ...from };
  const effects: string[] = [];
  for (const event of events) {
    const surroundings: Surroundings = { now: event.at ?? 0, random: () => 0.5, transports: 3, endpoints: 2 };
    const taken = step(machine, event, surroundings);
    machine = taken.machine;
    effects.push(...taken.effects.map((effect) => [effect.type, ...Object.values(effect).slice(1)].join(' ')));
  }
  return { machine, effects };
}

const OPEN: readonly MachineEvent[] = [{ type: 'due' }, { type: 'connected', link: 1, heartbeatMs: 15_000 }];

describe('the connection', () => {
  it('opens the best transport first, and everything goes through it', () => {
    const { machine, effects } = drive({}, OPEN);
    expect(effects).toEqual(['open 1 0 0', 'adopt 1']);
    expect(machine).toMatchObject({ phase: 'open', link: 1, climbAt: Number.POSITIVE_INFINITY });
  });

  it('goes through all transports back to back, then pauses, and begins with the best at the next address', () => {
    const ended = (link: number): MachineEvent => ({ type: 'ended', link });
    const { machine, effects } = drive({}, [{ type: 'due' }, ended(1), ended(2), ended(3), { type: 'due', at: 500 }]);
    expect(effects).toEqual(['open 1 0 0', 'open 2 1 0', 'open 3 2 0', 'open 4 0 1']);
    expect(machine.failures).toBe(1);
  });

  it('waits a random part of a time that doubles with every failure, up to its limit', () => {
    const pauseAfter = (failures: number): number => {
      const lost = drive({ ...drive({}, OPEN).machine, failures }, [{ type: 'ended', link: 1 }]);
      return lost.machine.dueAt;
    };
    expect([0, 1, 2, 3, 9].map(pauseAfter)).toEqual([500, 1_000, 2_000, 4_000, TIMING.pauseMsMax / 2]);
  });

  it('forgets its failures when a connection has lasted', () => {
    const lasted = drive({ ...drive({}, OPEN).machine, failures: 5 }, [{ type: 'ended', link: 1, at: TIMING.stableMs }]);
    expect(lasted.machine.failures).toBe(0);
  });

  it('comes back when the server said, at another address', () => {
    const { machine } = drive({}, [...OPEN, { type: 'drain', link: 1, retryAfterMs: 3_000 }, { type: 'ended', link: 1, code: 4_000 }]);
    expect(machine).toMatchObject({ phase: 'waiting', dueAt: 3_500, endpoint: 1 });
  });

  it('stays away where coming back would not help', () => {
    const { machine, effects } = drive({}, [...OPEN, { type: 'ended', link: 1, code: 4_500, isFinal: true }]);
    expect(machine).toMatchObject({ phase: 'closed', code: 4_500, dueAt: Number.POSITIVE_INFINITY });
    expect(effects.at(-1)).toBe('release');
  });

  it('asks after one missed heartbeat, and gives up after two', () => {
    const silent = drive({}, [...OPEN, { type: 'heard', link: 1 }, { type: 'due', at: 17_000 }]);
    expect(silent.machine).toMatchObject({ phase: 'checking', dueAt: 32_000 });
    expect(silent.effects.at(-1)).toBe('probe 1');
    const dropped = drive(silent.machine, [{ type: 'due', at: 32_000 }]);
    expect(dropped.effects).toEqual(['close 1', 'release']);
    expect(dropped.machine.phase).toBe('waiting');
  });

  it('takes a link that never said more than its first word for one that is held back on its way', () => {
    const { effects } = drive({}, [...OPEN, { type: 'due' }, { type: 'due' }]);
    expect(effects.slice(-3)).toEqual(['close 1', 'release', 'open 2 1 0']);
  });

  it('is open again with the first thing that it hears', () => {
    const { machine } = drive({}, [...OPEN, { type: 'wake' }, { type: 'heard', link: 1 }]);
    expect(machine).toMatchObject({ phase: 'open', dueAt: 17_000 });
  });

  it('tries better transports in turn, ever less often, and moves to the first that opens', () => {
    const poll = drive({ transport: 2 }, OPEN).machine;
    const first = drive(poll, [
      { type: 'climb', at: 10_000 },
      { type: 'ended', link: 2, at: 10_000 },
    ]);
    expect(first.effects).toEqual(['open 2 0 0']);
    expect(first.machine).toMatchObject({ phase: 'open', link: 1, trial: 0, climbAt: 30_000 });
    const second = drive(first.machine, [{ type: 'climb' }, { type: 'connected', link: 3, heartbeatMs: 15_000 }]);
    expect(second.effects).toEqual(['open 3 1 0', 'adopt 3', 'close 1']);
    expect(second.machine).toMatchObject({ phase: 'open', link: 3, transport: 1 });
  });

  it('gives up a trial that does not open', () => {
    const { effects, machine } = drive(drive({ transport: 1 }, OPEN).machine, [{ type: 'climb' }, { type: 'climb' }]);
    expect(effects).toEqual(['open 2 0 0', 'close 2']);
    expect(machine).toMatchObject({ link: 1, trial: 0 });
  });

  it('does not listen to links that are gone', () => {
    const { machine, effects } = drive({}, [...OPEN, { type: 'ended', link: 1 }, { type: 'due' }]);
    const late = drive(machine, [
      { type: 'ended', link: 1, isFinal: true },
      { type: 'connected', link: 1, heartbeatMs: 1 },
      { type: 'heard', link: 1 },
    ]);
    expect(late).toEqual({ machine, effects: [] });
    expect(effects.at(-1)).toBe('open 2 0 0');
  });

  it('connects at once when it is woken while it waits', () => {
    const { effects } = drive({}, [...OPEN, { type: 'ended', link: 1 }, { type: 'wake' }]);
    expect(effects.at(-1)).toBe('open 2 0 0');
  });

  it('closes the link and the trial, and nothing brings it back', () => {
    const { machine, effects } = drive(drive({ transport: 1 }, OPEN).machine, [
      { type: 'climb' },
      { type: 'close' },
      { type: 'wake' },
      { type: 'due' },
    ]);
    expect(machine.phase).toBe('closed');
    expect(effects).toEqual(['open 2 0 0', 'close 1', 'release', 'close 2']);
  });
});
