import { performance } from 'node:perf_hooks';
import { serve } from '../../processes/serve.js';
import type { ClusterCommands, ClusterResults } from './commands.js';
import { Group } from './group.js';
import { Publishing } from './publishing.js';
import { Waiting } from './waiting.js';

/** A load process of the cluster suite: groups of readers, and one who publishes. */

const LIVE_MS_MAX = 120_000;

const waiting = new Waiting();
const groups = new Map<string, Group>();
const publishing = new Publishing((reason) => waiting.fault(reason));

function groupNamed(name: string): Group {
  const group = groups.get(name);
  if (group === undefined) throw new Error(`there is no group ${name}`);
  return group;
}

/** What is published ends with the first fault of anybody. */
async function unlessFault<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  void work.then(() => {
    isDone = true;
    waiting.progress();
  });
  await waiting.until(
    () => isDone,
    () => 'the publishes were not all answered',
    LIVE_MS_MAX,
  );
  return work;
}

serve<ClusterCommands, ClusterResults>(
  {
    async connect(spec) {
      const group = new Group(spec, waiting);
      groups.set(spec.group, group);
      const startedAt = performance.now();
      group.open();
      await waiting.until(
        () => group.isLive,
        () => group.state,
        LIVE_MS_MAX,
      );
      return { liveMs: performance.now() - startedAt };
    },
    disconnect({ group }) {
      groupNamed(group).close();
      groups.delete(group);
      return {};
    },
    measure({ group }) {
      groupNamed(group).measure();
      return {};
    },
    measured: ({ group }) => groupNamed(group).measured(),
    async received({ group: name, messages, withinMs }) {
      const group = groupNamed(name);
      await waiting.until(
        () => group.delivered >= messages,
        () => `${group.state} instead of ${messages}`,
        withinMs,
      );
      return {};
    },
    paced: (command) => unlessFault(publishing.paced(command)),
    stopPacing() {
      publishing.stopPacing();
      return {};
    },
    flood: (command) => unlessFault(publishing.flood(command)),
    rounds: (command) => unlessFault(publishing.rounds(command)),
    async since({ group: name, sinceUs, withinMs }) {
      const group = groupNamed(name);
      group.lookSince(sinceUs);
      await waiting.until(
        () => group.haveAllSince,
        () => `not every reader of ${name} has a message again`,
        withinMs,
      );
      return group.gotSinceMs;
    },
    async complete({ group: name, withinMs }) {
      const group = groupNamed(name);
      await waiting.until(
        () => group.has(publishing.acknowledged),
        () => `readers of ${name} lack messages that were acknowledged`,
        withinMs,
      );
      return { acknowledged: publishing.acknowledged.reduce((sum, { size }) => sum + size, 0), refused: publishing.refused };
    },
  },
  () => {
    for (const group of groups.values()) group.close();
    publishing.close();
  },
);
