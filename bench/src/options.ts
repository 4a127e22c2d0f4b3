import { parseArgs } from 'node:util';

/** What the command line says, checked. */

const SCENARIOS = ['fanout', 'latency', 'publish'] as const;

export type Scenario = (typeof SCENARIOS)[number];

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
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

  --scenario NAME     fanout, latency or publish; may be repeated (default: all)
  --contestant NAME   bare, socket.io or restante; may be repeated (default: all). fastify is publish's yardstick and always runs
  --rounds N          interleaved rounds (default 5)
  --connections N     WebSocket readers (default 5000)
  --ticks N           measured ticks of one message; a quarter as many of ten (default 80)
  --seconds N         of publishing, and of latency (default 4)
  --record NAME       write bench/RESULTS.md and bench/results/<date>-NAME.json
  --profile FOLDER    let every server leave a CPU profile there`;

/** @throws Error that says what is wrong with which option */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true, default: [...SCENARIOS] },
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
  const unknown = values.scenario.find((name) => !SCENARIOS.some((scenario) => scenario === name));
  if (unknown !== undefined) throw new Error(`--scenario ${unknown}: there are ${SCENARIOS.join(', ')}`);
  if (values.record !== undefined && !/^[a-z0-9-]+$/.test(values.record))
    throw new Error('--record takes lower-case letters, digits and -');
  return {
    scenarios: SCENARIOS.filter((scenario) => values.scenario.includes(scenario)),
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
