import { parseArgs } from 'node:util';
import { CLUSTER_SCENARIOS } from './cluster/suite.js';
import { type Suite, SUITES } from './report/results-page.js';

/** What the command line says, checked. */

const SCENARIOS = ['fanout', 'latency', 'publish'] as const;

export type Scenario = (typeof SCENARIOS)[number];

export interface BenchOptions {
  readonly suite: Suite;
  /** Of the suite. */
  readonly scenarios: readonly string[];
  /** Sizes at which the cluster suite can be tried, and says nothing. */
  readonly tiny: boolean;
  readonly contestants: readonly string[];
  readonly rounds: number;
  readonly connections: number;
  readonly ticks: number;
  readonly seconds: number;
  /** Writes RESULTS.md and the raw figures under this name. */
  readonly record?: string | undefined;
  /** A folder for the servers' CPU profiles; profiled figures are no claims. */
  readonly profiles?: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --suite NAME        process: what a message costs, beside peers (default); cluster: edges, routers and gateways on NATS
  --scenario NAME     of process: ${SCENARIOS.join(', ')}; of cluster: ${CLUSTER_SCENARIOS.join(', ')};
                      may be repeated (default: all)
  --contestant NAME   process: bare, socket.io or restante; may be repeated (default: all). fastify is publish's yardstick and always runs
  --rounds N          process: interleaved rounds (default 5)
  --connections N     process: WebSocket readers (default 5000)
  --ticks N           process: measured ticks of one message; a quarter as many of ten (default 80)
  --seconds N         process: of publishing, and of latency (default 4)
  --tiny              cluster: sizes to try it with; the figures say nothing
  --record NAME       write bench/RESULTS.md and bench/results/<date>-NAME.json
  --profile FOLDER    let every server leave a CPU profile there`;

/** @throws Error that says what is wrong with which option */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: 'string', default: 'process' },
      tiny: { type: 'boolean', default: false },
      scenario: { type: 'string', multiple: true },
      contestant: { type: 'string', multiple: true, default: ['bare', 'socket.io', 'restante'] },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '5000' },
      ticks: { type: 'string', default: '80' },
      seconds: { type: 'string', default: '4' },
      record: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const suite = SUITES.find((name) => name === values.suite);
  if (suite === undefined) throw new Error(`--suite ${values.suite}: there are ${SUITES.join(' and ')}`);
  const known: readonly string[] = suite === 'cluster' ? CLUSTER_SCENARIOS : SCENARIOS;
  const wanted = values.scenario ?? known;
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--scenario ${unknown}: ${suite} has ${known.join(', ')}`);
  if (values.tiny && values.record !== undefined) throw new Error('--tiny is not for --record');
  if (values.record !== undefined && !/^[a-z0-9-]+$/.test(values.record))
    throw new Error('--record takes lower-case letters, digits and -');
  return {
    suite,
    scenarios: known.filter((scenario) => wanted.includes(scenario)),
    tiny: values.tiny,
    contestants: values.contestant,
    rounds: count('rounds', values.rounds),
    connections: count('connections', values.connections),
    ticks: count('ticks', values.ticks),
    seconds: count('seconds', values.seconds),
    record: values.record,
    profiles: values.profile,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1, not ${text}`);
  return value;
}
