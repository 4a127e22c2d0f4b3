import { OPEN } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromLines, type HistoryEvent, type PublishEvent, toLine } from './events.js';
import { judge } from './judge.js';
import type { FinalEntry, FinalLog } from './known.js';
import { type Command, PerfectWorld } from '../../testing/perfect-world.js';
import { CONTRADICTIONS, type ContradictionCode } from './verdict.js';

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      mailbox: fc.nat(4),
      outcome: fc.constantFrom('stored', 'stored', 'refused', 'unknown', 'lost', 'retried', 'duplicate'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), reader: fc.nat(3), most: fc.nat(4) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      reader: fc.nat(3),
      from: fc.constantFrom('last', 'last', 'earlier', 'anew'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), mailbox: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retain' as const), drop: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fork' as const), lose: fc.nat(3) }) },
);
const reader = fc.record({
  pattern: fc.constantFrom('/a', '/a/x', '/a/*', '/a/**', '/*', '/**'),
  mode: fc.constantFrom('every', 'latest'),
  after: fc.constantFrom('now', 'earliest'),
});

const E = 'epoch000';
const F = 'epoch001';

function logged(seq: number, mailbox = '/a', over: Partial<FinalEntry> = {}): FinalEntry {
  return { seq, mailbox, id: `m${seq}`, hash: `h${seq}`, ...over };
}

function final(entries: readonly FinalEntry[], over: Partial<FinalLog> = {}): FinalLog {
  return { log: '_', epochs: [{ epoch: E, upTo: OPEN }], floor: 0, entries, ...over };
}

function published(seq: number, mailbox = '/a', over: object = {}): HistoryEvent {
  const answer = { outcome: 'stored', log: '_', position: { epoch: E, seq } } as const;
  return {
    type: 'publish',
    publisher: 'p',
    call: seq,
    mailbox,
    id: `m${seq}`,
    hash: `h${seq}`,
    start: 2 * seq,
    end: 2 * seq + 1,
    ...answer,
    ...over,
  };
}

function unknown(seq: number, mailbox = '/a'): HistoryEvent {
  const { log: _log, position: _position, ...attempt } = published(seq, mailbox) as Extract<HistoryEvent, { type: 'publish' }>;
  return { ...attempt, outcome: 'unknown' };
}

function received(seq: number, mailbox = '/a', over: object = {}): HistoryEvent {
  return { type: 'message', reader: 'r', log: '_', epoch: E, seq, mailbox, id: `m${seq}`, hash: `h${seq}`, ...over };
}

function asks(after: string, pattern = '/a', mode: 'every' | 'latest' = 'every', name = 'r'): HistoryEvent[] {
  return [
    { type: 'reader', reader: name, patterns: [pattern], mode },
    { type: 'connect', reader: name, after },
  ];
}

const position = (cursor: string): HistoryEvent => ({ type: 'position', reader: 'r', cursor });
const gap = (reason: 'retention' | 'history', cursor: string): HistoryEvent => ({ type: 'gap', reader: 'r', reason, cursor });
const end: HistoryEvent = { type: 'end', reader: 'r' };
const three = [published(1), published(2), published(3)];
const threeLogged = [logged(1), logged(2), logged(3)];
const forked = {
  epochs: [
    { epoch: E, upTo: 2 },
    { epoch: F, upTo: OPEN },
  ],
};
/** m3 of the first epoch was lost by a fork at 2; n3 took its place. */
const afterFork = [...three, published(3, '/a', { id: 'n3', hash: 'g3', call: 4, start: 8, end: 9, position: { epoch: F, seq: 3 } })];
const afterForkLogged = final([logged(1), logged(2), logged(3, '/a', { id: 'n3', hash: 'g3' })], forked);

const swapped: HistoryEvent = { type: 'swapped', log: '_', start: 19, end: 20 };
/** To a publisher by NATS. */
function answeredSeq(seq: number, start: number): HistoryEvent {
  const { position: _position, ...answer } = published(seq, '/a', { id: 'x', hash: 'hx', seq, start, end: start + 1 }) as PublishEvent;
  return answer;
}

const purged: HistoryEvent = { type: 'purge', mailbox: '/a', outcome: 'stored', log: '_', position: { epoch: E, seq: 4 }, everywhere: 30 };
const PURGE = { id: undefined, hash: undefined, purged: true } as const;
const connects = (start: number): HistoryEvent => ({ type: 'connect', reader: 'r', after: 'earliest', start });

interface Planted {
  readonly fault: string;
  readonly code: ContradictionCode;
  readonly events: HistoryEvent[];
  readonly final: FinalLog;
}

const PLANTED: Planted[] = [
  {
    fault: 'a message between two others is lost',
    code: 'LOST',
    events: [...three, ...asks('earliest'), received(1), received(3)],
    final: final(threeLogged),
  },
  {
    fault: 'the last message is lost',
    code: 'LOST',
    events: [...three, ...asks('earliest'), received(1), received(2), end],
    final: final(threeLogged),
  },
  {
    fault: 'a position skips a message',
    code: 'LOST',
    events: [...three, ...asks('earliest'), received(1), position(`_.${E}.3`)],
    final: final(threeLogged),
  },
  {
    fault: 'a reader resumes beyond what it was sent',
    code: 'LOST',
    events: [...three, ...asks('earliest'), received(1), { type: 'connect', reader: 'r', after: `_.${E}.2` }, received(3), end],
    final: final(threeLogged),
  },
  {
    fault: 'what a log that the cursor does not name holds is left out',
    code: 'LOST',
    events: [...three, published(1, '/z', { log: 'z', start: 9, end: 10 }), ...asks(`_.${E}.3`, '/**'), end],
    final: final(threeLogged),
  },
  {
    fault: 'a message comes twice',
    code: 'DOUBLED',
    events: [...three, ...asks('earliest'), received(1), received(1)],
    final: final(threeLogged),
  },
  {
    fault: 'a message comes again after a later one',
    code: 'DOUBLED',
    events: [...three, ...asks('earliest'), received(1), received(2), received(1)],
    final: final(threeLogged),
  },
  {
    fault: 'what lies at the cursor comes again',
    code: 'DOUBLED',
    events: [...three, ...asks(`_.${E}.2`), received(2)],
    final: final(threeLogged),
  },
  {
    fault: 'two messages change places',
    code: 'MISORDERED',
    events: [...three, ...asks('now'), received(3), received(2)],
    final: final(threeLogged),
  },
  {
    fault: 'a message of another mailbox comes',
    code: 'NOT_ASKED_FOR',
    events: [published(1, '/b'), ...asks('now'), received(1, '/b')],
    final: final([logged(1, '/b')]),
  },
  {
    fault: 'a reader receives what nobody published',
    code: 'FOREIGN',
    events: [...three, ...asks('earliest'), received(9)],
    final: final(threeLogged),
  },
  { fault: 'the log holds what nobody published', code: 'FOREIGN', events: three, final: final([...threeLogged, logged(4)]) },
  {
    fault: 'the log holds a purge that nobody asked for',
    code: 'FOREIGN',
    events: three,
    final: final([...threeLogged, { seq: 4, mailbox: '/a', purged: true }]),
  },
  {
    fault: 'a message that was refused is read',
    code: 'REFUSED_BUT_STORED',
    events: [{ ...unknown(1), outcome: 'refused' } as HistoryEvent],
    final: final([logged(1)]),
  },
  {
    fault: 'a message comes with other bytes',
    code: 'OTHER_BYTES',
    events: [...three, ...asks('earliest'), received(1, '/a', { hash: 'else' })],
    final: final(threeLogged),
  },
  {
    fault: 'the log holds other bytes',
    code: 'OTHER_BYTES',
    events: three,
    final: final([logged(1, '/a', { hash: 'else' }), logged(2), logged(3)]),
  },
  {
    fault: 'one position holds two ids',
    code: 'TWO_AT_ONE_POSITION',
    events: [...three, ...asks('earliest'), received(1), received(2, '/a', { id: 'm3', hash: 'h3' })],
    final: final(threeLogged),
  },
  {
    fault: "an id in one mailbox suppresses another mailbox's",
    code: 'TWO_AT_ONE_POSITION',
    events: [published(1), published(1, '/b', { call: 2, start: 4, end: 5, outcome: 'duplicate' })],
    final: final([logged(1)]),
  },
  { fault: 'an acknowledged message is not in the log', code: 'ACKNOWLEDGED_LOST', events: three, final: final([logged(1), logged(3)]) },
  {
    fault: 'an unknown message is seen, and is gone',
    code: 'SEEN_BUT_GONE',
    events: [unknown(1), ...asks('earliest'), received(1)],
    final: final([]),
  },
  {
    fault: 'a message of unknown outcome is seen by some only',
    code: 'UNKNOWN_SEEN_BY_SOME',
    events: [published(1), unknown(2), published(3), ...asks('earliest'), received(1), received(3)],
    final: final(threeLogged),
  },
  {
    fault: 'a retry is stored a second time',
    code: 'STORED_TWICE',
    events: [unknown(1), published(2, '/a', { id: 'm1', hash: 'h1' })],
    final: final([logged(1), logged(2, '/a', { id: 'm1', hash: 'h1' })]),
  },
  {
    fault: 'a message is stored before the one that was acknowledged earlier',
    code: 'PUBLISHER_MISORDERED',
    events: [published(2, '/a', { start: 1, end: 2 }), published(1, '/a', { start: 3, end: 4 })],
    final: final([logged(1), logged(2)]),
  },
  {
    fault: 'the messages of one batch change places',
    code: 'PUBLISHER_MISORDERED',
    events: [published(2, '/a', { call: 1, start: 1, end: 2 }), published(1, '/a', { call: 1, start: 1, end: 2 })],
    final: final([logged(1), logged(2)]),
  },
  { fault: 'the log does not ascend', code: 'LOG_MISORDERED', events: three, final: final([logged(2), logged(1), logged(3)]) },
  {
    fault: 'a gap is told though nothing is gone',
    code: 'GAP_WITHOUT_CAUSE',
    events: [...three, ...asks('earliest'), received(1), gap('retention', `_.${E}.2`), received(3)],
    final: final(threeLogged),
  },
  {
    fault: 'a fork is told to a reader below it',
    code: 'GAP_WITHOUT_CAUSE',
    events: [...afterFork, ...asks('earliest'), received(1), gap('history', `_.${F}.2`)],
    final: afterForkLogged,
  },
  {
    fault: 'a gap reaches above the floor',
    code: 'LOST',
    events: [...three, ...asks(`_.${E}.0`), gap('retention', `_.${E}.2`), received(3)],
    final: final([logged(2), logged(3)], { floor: 1 }),
  },
  {
    fault: 'a gap is told after something newer',
    code: 'GAP_AFTER_NEWER',
    events: [...three, ...asks(`_.${E}.0`), received(3), gap('retention', `_.${E}.2`)],
    final: final([logged(3)], { floor: 2 }),
  },
  {
    fault: 'a gap whose messages nobody knows is told after something newer',
    code: 'GAP_AFTER_NEWER',
    events: [published(3), ...asks(`_.${E}.0`), received(3), gap('retention', `_.${E}.2`)],
    final: final([logged(3)], { floor: 2 }),
  },
  {
    fault: '`latest` does not end at the newest',
    code: 'LATEST_NOT_NEWEST',
    events: [...three, ...asks('earliest', '/a', 'latest'), received(2), end],
    final: final(threeLogged),
  },
  {
    fault: '`latest` leaves a mailbox out',
    code: 'LATEST_NOT_NEWEST',
    events: [published(1), published(2, '/a/x'), ...asks('earliest', '/**', 'latest'), received(2, '/a/x')],
    final: final([logged(1), logged(2, '/a/x')]),
  },
  {
    fault: '`latest` goes back',
    code: 'LATEST_WENT_BACK',
    events: [...three, ...asks('earliest', '/a', 'latest'), received(3), received(2)],
    final: final(threeLogged),
  },
  {
    fault: 'what a fork made the newest again is never sent to `latest`',
    code: 'LATEST_NOT_NEWEST',
    events: [
      published(1),
      published(2, '/b'),
      published(3),
      ...asks('earliest', '/*', 'latest'),
      received(2, '/b'),
      received(4, '/b', { epoch: F }),
      published(4, '/b', { position: { epoch: F, seq: 4 } }),
      end,
    ],
    final: final([logged(1), logged(2, '/b'), logged(4, '/b')], forked),
  },
  {
    fault: 'a position goes back',
    code: 'POSITION_WENT_BACK',
    events: [...three, ...asks('earliest'), received(1), received(2), position(`_.${E}.1`)],
    final: final(threeLogged),
  },
  {
    fault: 'a reader beyond a fork goes on in silence',
    code: 'EPOCH_CHANGED_SILENTLY',
    events: [
      ...afterFork,
      published(4, '/a', { position: { epoch: F, seq: 4 } }),
      ...asks(`_.${E}.2`),
      received(3),
      received(4, '/a', { epoch: F }),
    ],
    final: final([...afterForkLogged.entries, logged(4)], forked),
  },
  {
    fault: 'a reader beyond a fork is told nothing at all',
    code: 'EPOCH_CHANGED_SILENTLY',
    events: [...afterFork, ...asks(`_.${E}.2`), received(3), end],
    final: afterForkLogged,
  },
  {
    fault: 'a reader is taken back to the epoch before',
    code: 'EPOCH_CHANGED_SILENTLY',
    events: [...afterFork, ...asks(`_.${F}.2`), received(3)],
    final: afterForkLogged,
  },
  {
    fault: 'what was acknowledged without an epoch, after history was swapped, is not there',
    code: 'ACKNOWLEDGED_LOST',
    events: [...three, swapped, answeredSeq(4, 21)],
    final: final([logged(1), logged(2)], forked),
  },
  {
    fault: 'what was acknowledged without an epoch, before history was swapped, was something else',
    code: 'TWO_AT_ONE_POSITION',
    events: [...three, swapped, answeredSeq(3, 11)],
    final: final([logged(1), logged(2)], forked),
  },
  {
    fault: 'a reader receives what was erased before it came',
    code: 'PURGED_BUT_SENT',
    events: [...three, purged, { type: 'reader', reader: 'r', patterns: ['/a'], mode: 'every' }, connects(31), received(2)],
    final: final([{ seq: 4, mailbox: '/a', purged: true }]),
  },
  { fault: 'a reader is not introduced', code: 'HISTORY_UNREADABLE', events: [...three, received(1)], final: final(threeLogged) },
];

function finals(planted: Planted): FinalLog[] {
  return [
    planted.final,
    { log: 'z', epochs: [{ epoch: E, upTo: OPEN }], floor: 0, entries: planted.fault.includes('does not name') ? [logged(1, '/z')] : [] },
  ];
}

describe('the judge of histories', () => {
  it('accepts whatever a server that does everything right can make of it', () => {
    fc.assert(
      fc.property(fc.array(reader, { minLength: 1, maxLength: 4 }), fc.array(command, { maxLength: 80 }), (readers, commands) => {
        const world = new PerfectWorld(readers).run(commands);
        const verdict = judge(world.events, [world.final()]);
        if (!verdict.ok) throw new Error(verdict.text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses a right history from which one owed message is taken out', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 20, maxLength: 80 }), fc.nat(), (commands, pick) => {
        const readers = [
          { pattern: '/**', mode: 'every', after: 'earliest' },
          { pattern: '/a/**', mode: 'every', after: 'earliest' },
        ] as const;
        const world = new PerfectWorld(readers).run(
          commands.filter((c) => c.do !== 'connect' && c.do !== 'retain' && c.do !== 'fork' && c.do !== 'purge'),
        );
        const messages = world.events.filter((event) => event.type === 'message');
        fc.pre(messages.length > 0);
        const gone = messages[pick % messages.length];
        const verdict = judge(
          world.events.filter((event) => event !== gone),
          [world.final()],
        );
        expect(verdict).toMatchObject({ ok: false });
      }),
    );
  });

  it.each(PLANTED)('refuses: $fault → $code', (planted) => {
    const verdict = judge(planted.events, finals(planted));
    expect(verdict.ok ? verdict : verdict.text).toContain(`${planted.code}: `);
    expect(verdict).toMatchObject({ ok: false, code: planted.code });
  });

  it('has a planted fault for every code', () => {
    expect(new Set(PLANTED.map(({ code }) => code))).toEqual(new Set(Object.keys(CONTRADICTIONS)));
  });

  it('lets a cursor ahead of the reader wait, and owes only what comes after it', () => {
    const events = [...three, ...asks(`_.${E}.2`), received(3), end];
    expect(judge(events, [final(threeLogged)])).toMatchObject({ ok: true });
  });

  it('lets a server tell of a fork that it had passed in silence, where the reader was owed nothing', () => {
    const events = [...afterFork, ...asks(`_.${E}.0`, '/b'), gap('history', `_.${F}.2`), end];
    expect(judge(events, [afterForkLogged])).toMatchObject({ ok: true });
  });

  it('lets a run of `latest` begin anew upon a fork, and see older messages again on the way', () => {
    const events = [
      ...[published(1), published(2), published(3)],
      ...asks('earliest', '/a', 'latest'),
      received(3),
      gap('history', `_.${F}.0`),
      received(2, '/a', { epoch: F }),
      received(3, '/a', { epoch: F }),
      end,
    ];
    const epochs = [
      { epoch: E, upTo: 3 },
      { epoch: F, upTo: OPEN },
    ];
    expect(judge(events, [final(threeLogged, { epochs })])).toMatchObject({ ok: true });
  });

  it('takes the place of a log without a gap, in the cursor of another one, for a mere position', () => {
    const other = final([], { log: 'b', ...forked });
    const lost = final([logged(1)], {
      epochs: [
        { epoch: E, upTo: 1 },
        { epoch: F, upTo: OPEN },
      ],
    });
    const events = [
      ...three,
      ...asks(`_.${E}.3,b.${E}.5`, '/a', 'latest'),
      gap('history', `_.${E}.4,b.${F}.2`),
      gap('history', `_.${F}.0,b.${F}.2`),
      received(1, '/a', { epoch: F }),
      end,
    ];
    expect(judge(events, [lost, other])).toMatchObject({ ok: true });
  });

  it('takes a repetition from an older cursor for what it is', () => {
    const events = [
      ...three,
      ...asks('earliest'),
      received(1),
      received(2),
      { type: 'connect', reader: 'r', after: `_.${E}.1` } as const,
      received(2),
      received(3),
      end,
    ];
    expect(judge(events, [final(threeLogged)])).toMatchObject({ ok: true });
  });

  it('takes nothing for lost that was acknowledged before its history was swapped, nor while it was', () => {
    const events = [...three, answeredSeq(4, 11), swapped, answeredSeq(5, 18)];
    expect(judge(events, [final([logged(1), logged(2)], forked)])).toMatchObject({ ok: true });
  });

  it('lets a reader receive what was being erased when it came', () => {
    const events = [...three, purged, ...asks('earliest').slice(0, 1), connects(29), received(2), received(4, '/a', PURGE), end];
    expect(judge(events, [final([{ seq: 4, mailbox: '/a', purged: true }])])).toMatchObject({ ok: true });
  });

  it('shows the events around the contradiction', () => {
    const events = [...three, ...asks('earliest'), received(1), received(3)];
    const verdict = judge(events, [final(threeLogged)]);
    expect(verdict.ok ? '' : verdict.text).toMatchInlineSnapshot(`
      "LOST: reader r: m2 in /a at _.epoch000.2 was passed over on the way to seq 3
      (I3: a reader passed over a stored message that it was owed)
              3 {"type":"reader","reader":"r","patterns":["/a"],"mode":"every"}
              4 {"type":"connect","reader":"r","after":"earliest"}
              5 {"type":"message","reader":"r","log":"_","epoch":"epoch000","seq":1,"mailbox":"/a","id":"m1","hash":"h1"}
      →       6 {"type":"message","reader":"r","log":"_","epoch":"epoch000","seq":3,"mailbox":"/a","id":"m3","hash":"h3"}"
    `);
  });

  it('reads a history back from its lines, without the one that a killed process did not finish', () => {
    const events = [...three, ...asks('earliest'), received(1)];
    const text = events.map(toLine).join('');
    expect(fromLines(`${text}{"type":"mess`)).toEqual(events);
  });

  it('judges 100,000 messages at 20 readers in seconds', () => {
    const mailboxes = Array.from({ length: 1_000 }, (_, i) => `/m/${i}`);
    const all = Array.from({ length: 100_000 }, (_, i) => ({ seq: i + 1, mailbox: mailboxes[i % 1_000] ?? '' }));
    const events = all.map(({ seq, mailbox }) => published(seq, mailbox));
    for (let r = 0; r < 20; r++) {
      events.push(...asks('earliest', '/m/*', r % 2 === 0 ? 'every' : 'latest', `r${r}`));
      for (const { seq, mailbox } of all) events.push(received(seq, mailbox, { reader: `r${r}` }));
      events.push({ type: 'end', reader: `r${r}` });
    }
    const log = final(all.map(({ seq, mailbox }) => logged(seq, mailbox)));
    const before = process.cpuUsage();
    expect(judge(events, [log])).toMatchObject({ ok: true, messages: 2_000_000, readers: 20, published: 100_000 });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000_000).toBeLessThan(20);
  }, 60_000);
});
