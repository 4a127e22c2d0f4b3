import type { Effect, Ending, Machine, MachineEvent, Step, Surroundings } from './machine.js';
import { TIMING } from './timing.js';

/** What the cells of `TABLE` do, by the names that docs/client.md explains. Each is a function of its arguments alone. */

type Action = (machine: Machine, event: MachineEvent, surroundings: Surroundings) => Step;

const NEVER = Number.POSITIVE_INFINITY;

const stay: Action = (machine) => ({ machine, effects: [] });

const connect: Action = (machine, _event, { now }) => {
  const link = machine.links + 1;
  const { transport, endpoint } = machine;
  const connecting = { phase: 'connecting', link, links: link, retryAfterMs: undefined, hasHeard: false } as const;
  return {
    machine: { ...machine, ...connecting, dueAt: now + TIMING.openMs, climbAt: NEVER },
    effects: [{ type: 'open', link, transport, endpoint }],
  };
};

/** A page that slept while it connected: the time that it had was none. */
const restart: Action = (machine, _event, { now }) => ({ machine: { ...machine, dueAt: now + TIMING.openMs }, effects: [] });

const begin: Action = (machine, event, { now }) => {
  const heartbeatMs = event.type === 'connected' ? event.heartbeatMs : machine.heartbeatMs;
  return {
    machine: {
      ...machine,
      phase: 'open',
      heartbeatMs,
      openedAt: now,
      dueAt: now + silenceMs(heartbeatMs),
      failedTransports: 0,
      climbAt: machine.transport === 0 ? NEVER : now + climbMs(machine),
    },
    effects: [{ type: 'adopt', link: machine.link }],
  };
};

const extend: Action = (machine, _event, { now }) => ({
  machine: { ...machine, phase: 'open', hasHeard: true, dueAt: now + silenceMs(machine.heartbeatMs) },
  effects: [],
});

const note: Action = (machine, event) => ({
  machine: { ...machine, retryAfterMs: event.type === 'drain' ? event.retryAfterMs : machine.retryAfterMs },
  effects: [],
});

/** The link ended before it was open. Back to back through the transports: it is the server that is gone where none of them opens. */
const fail: Action = (machine, event, surroundings) => {
  const ending: Ending = event.type === 'ended' ? event : {};
  if (ending.isFinal) return closed(machine, ending.code);
  // Who says when to come back was reached.
  if (ending.retryAfterMs !== undefined) return pause({ ...machine, retryAfterMs: ending.retryAfterMs }, [], surroundings);
  return nextTransport(machine, event, surroundings);
};

/** Not open in time. */
const giveUp: Action = (machine, event, surroundings) => {
  return after([{ type: 'close', link: machine.link }], nextTransport(machine, event, surroundings));
};

/** The open link ended. */
const lose: Action = (machine, event, surroundings) => {
  const ending: Ending = event.type === 'ended' ? event : {};
  const effects: readonly Effect[] = [{ type: 'release' }, ...endTrial(machine)];
  if (ending.isFinal) {
    return { machine: closed(machine, ending.code).machine, effects };
  }
  if (ending.isBlocked) {
    return after(effects, nextTransport({ ...machine, trial: 0 }, event, surroundings));
  }
  return pause({ ...machine, retryAfterMs: ending.retryAfterMs ?? machine.retryAfterMs }, effects, surroundings);
};

/** No answer. A link that never said more than its first word is held back somewhere on its way: another transport may not be. */
const drop: Action = (machine, event, surroundings) => {
  const effects: readonly Effect[] = [{ type: 'close', link: machine.link }, { type: 'release' }, ...endTrial(machine)];
  if (machine.hasHeard) return pause(machine, effects, surroundings);
  return after(effects, nextTransport({ ...machine, trial: 0 }, event, surroundings));
};

/** A heartbeat was missed. Connections without live subscriptions have none: until the next would be due, the other side may answer. */
const ask: Action = (machine, _event, { now }) => ({
  machine: { ...machine, phase: 'checking', dueAt: now + machine.heartbeatMs },
  effects: [{ type: 'probe', link: machine.link }],
});

/** Whoever woke the page is waiting for it, and not for a heartbeat. */
const check: Action = (machine, _event, { now }) => ({
  machine: { ...machine, phase: 'checking', dueAt: now + TIMING.checkMs },
  effects: [{ type: 'probe', link: machine.link }],
});

/** Tries the better transports in turn, beside the link that works; a trial that has not opened by the next time is over. */
const climb: Action = (machine, event, surroundings) => {
  if (machine.trial !== 0) {
    return after(endTrial(machine), postpone(machine, event, surroundings));
  }
  const trial = machine.links + 1;
  const trialTransport = machine.climbs % machine.transport;
  return {
    machine: { ...machine, trial, trialTransport, links: trial, climbs: machine.climbs + 1, climbAt: surroundings.now + TIMING.openMs },
    effects: [{ type: 'open', link: trial, transport: trialTransport, endpoint: machine.endpoint }],
  };
};

const postpone: Action = (machine, _event, { now }) => ({
  machine: { ...machine, trial: 0, climbAt: now + climbMs(machine) },
  effects: [],
});

const switchOver: Action = (machine, event, surroundings) => {
  const { link, trial, trialTransport } = machine;
  const begun = begin({ ...machine, link: trial, trial: 0, transport: trialTransport, hasHeard: false }, event, surroundings);
  return { machine: begun.machine, effects: [...begun.effects, { type: 'close', link }] };
};

const end: Action = (machine) => {
  return after(machine.link === 0 ? [] : [{ type: 'close', link: machine.link }], closed(machine, undefined));
};

export const ACTIONS = {
  stay,
  connect,
  restart,
  begin,
  extend,
  note,
  fail,
  giveUp,
  lose,
  drop,
  ask,
  check,
  climb,
  postpone,
  switch: switchOver,
  end,
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;

/** The next transport at once; after the last of them, the next endpoint after a pause, beginning with the best again. */
function nextTransport(machine: Machine, event: MachineEvent, surroundings: Surroundings): Step {
  const failedTransports = machine.failedTransports + 1;
  if (failedTransports >= surroundings.transports)
    return pause({ ...machine, failedTransports: 0, transport: 0, endpoint: next(machine, surroundings) }, [], surroundings);
  const transport = (machine.transport + 1) % surroundings.transports;
  return connect({ ...machine, failedTransports, transport }, event, surroundings);
}

/** Full jitter: a random part of a time that doubles, after what the server asked for. */
function pause(machine: Machine, effects: readonly Effect[], surroundings: Surroundings): Step {
  const { now, random } = surroundings;
  const wasStable = machine.phase !== 'connecting' && now - machine.openedAt >= TIMING.stableMs;
  const failures = wasStable ? 0 : machine.failures + 1;
  const pauseMs = random() * Math.min(TIMING.pauseMsMax, TIMING.pauseMs * 2 ** Math.min(Math.max(0, failures - 1), 20));
  const asked = machine.retryAfterMs;
  return {
    machine: {
      ...machine,
      phase: 'waiting',
      link: 0,
      trial: 0,
      failures,
      climbs: wasStable && machine.transport === 0 ? 0 : machine.climbs,
      endpoint: asked === undefined ? machine.endpoint : next(machine, surroundings),
      dueAt: now + (asked ?? 0) + pauseMs,
      climbAt: NEVER,
    },
    effects,
  };
}

function closed(machine: Machine, code: number | string | undefined): Step {
  const machineClosed = { ...machine, phase: 'closed', link: 0, trial: 0, dueAt: NEVER, climbAt: NEVER, code } as const;
  return { machine: machineClosed, effects: [{ type: 'release' }, ...endTrial(machine)] };
}

function after(effects: readonly Effect[], { machine, effects: more }: Step): Step {
  return { machine, effects: [...effects, ...more] };
}

function endTrial({ trial }: Machine): readonly Effect[] {
  return trial === 0 ? [] : [{ type: 'close', link: trial }];
}

function next({ endpoint }: Machine, { endpoints }: Surroundings): number {
  return (endpoint + 1) % endpoints;
}

function silenceMs(heartbeatMs: number): number {
  return heartbeatMs + TIMING.heartbeatLateMs;
}

function climbMs({ climbs }: Machine): number {
  return Math.min(TIMING.climbMsMax, TIMING.climbMs * 2 ** Math.min(climbs, 10));
}
