import { type ActionName, ACTIONS } from './actions.js';
import type { Machine, MachineEvent, Phase, Step, Surroundings } from './machine.js';

/** What happens in each phase at each event. The compiler demands every cell, a test compares them with docs/client.md. */

/** An event, as the current link's, or as that of the link on trial. */
export type EventName = MachineEvent['type'] | 'trial connected' | 'trial ended';

export const TABLE: Readonly<Record<EventName, Readonly<Record<Phase, ActionName>>>> = {
  connected: { connecting: 'begin', open: 'stay', checking: 'stay', waiting: 'stay', closed: 'stay' },
  heard: { connecting: 'stay', open: 'extend', checking: 'extend', waiting: 'stay', closed: 'stay' },
  drain: { connecting: 'note', open: 'note', checking: 'note', waiting: 'stay', closed: 'stay' },
  ended: { connecting: 'fail', open: 'lose', checking: 'lose', waiting: 'stay', closed: 'stay' },
  'trial connected': { connecting: 'stay', open: 'switch', checking: 'switch', waiting: 'stay', closed: 'stay' },
  'trial ended': { connecting: 'stay', open: 'postpone', checking: 'postpone', waiting: 'stay', closed: 'stay' },
  due: { connecting: 'giveUp', open: 'ask', checking: 'drop', waiting: 'connect', closed: 'stay' },
  climb: { connecting: 'stay', open: 'climb', checking: 'climb', waiting: 'stay', closed: 'stay' },
  wake: { connecting: 'restart', open: 'check', checking: 'stay', waiting: 'connect', closed: 'stay' },
  offline: { connecting: 'stay', open: 'check', checking: 'stay', waiting: 'stay', closed: 'stay' },
  close: { connecting: 'end', open: 'end', checking: 'end', waiting: 'end', closed: 'stay' },
};

/** What the machine does at an event. Words of links that are gone change nothing. */
export function step(machine: Machine, event: MachineEvent, surroundings: Surroundings): Step {
  const name = nameOf(machine, event);
  return name === undefined ? { machine, effects: [] } : ACTIONS[TABLE[name][machine.phase]](machine, event, surroundings);
}

function nameOf({ link, trial }: Machine, event: MachineEvent): EventName | undefined {
  if (!('link' in event) || event.link === link) return event.type;
  if (event.link !== trial) return undefined;
  return event.type === 'connected' ? 'trial connected' : event.type === 'ended' ? 'trial ended' : undefined;
}
