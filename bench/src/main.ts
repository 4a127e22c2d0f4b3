import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { judgeCluster } from './cluster/report/bars.js';
import { type ClusterConditions, renderCluster } from './cluster/report/markdown.js';
import { FULL, TINY } from './cluster/size.js';
import { runCluster } from './cluster/suite.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { killAll } from './processes/child.js';
import { type Bar, judge } from './report/bars.js';
import { type RunConditions, renderReport } from './report/markdown.js';
import { type Suite, withPart } from './report/results-page.js';
import { runBench } from './run.js';

/** `npm run bench`: measures, prints, and records where asked. Ends with 1 when a bar was missed, 2 when there is no result. */

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const pinned = canPin();
  const conditions = {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    node: process.version,
    // Numbers only: what follows them names the machine's vendor.
    kernel: /^[\d.]+/.exec(release())?.[0] ?? 'unknown',
    cores: cpus().length,
  };
  const { report, raw, bars, isWhole } = await (options.suite === 'cluster'
    ? ofCluster(options, conditions)
    : ofProcess(options, conditions, pinned));
  console.log(report);
  if (options.record !== undefined) await record(options.suite, options.record, report, raw);
  if (!isWhole) return 2;
  return bars.every(({ held }) => held) ? 0 : 1;
}

interface Outcome {
  readonly report: string;
  readonly raw: object;
  readonly bars: readonly Bar[];
  /** Everything that was asked for has a result. */
  readonly isWhole: boolean;
}

async function ofProcess(options: BenchOptions, shared: ClusterConditions, pinned: boolean): Promise<Outcome> {
  const samples = await runBench(options, pinned, (line) => console.error(line));
  const conditions: RunConditions = { ...shared, pinned, rounds: options.rounds, connections: options.connections };
  return { report: renderReport(conditions, samples), raw: { conditions, ...samples }, bars: judge(samples), isWhole: true };
}

async function ofCluster({ scenarios, tiny, profiles }: BenchOptions, conditions: ClusterConditions): Promise<Outcome> {
  const samples = await runCluster(scenarios, { ...(tiny ? TINY : FULL), profiles }, (line) => console.error(line));
  return {
    report: renderCluster(conditions, samples),
    raw: { conditions, ...samples },
    bars: judgeCluster(samples),
    isWhole: Object.keys(samples.faults).length === 0,
  };
}

function canPin(): boolean {
  if (cpus().length < 2) return false;
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function record(suite: Suite, name: string, report: string, raw: object): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const folder = new URL('../results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${day}-${name}.json`, folder), `${JSON.stringify(raw, null, 2)}\n`);
  const head = 'The newest recorded run. What is measured, and how, says [README.md](README.md).';
  const foot = `Raw figures: [results/${day}-${name}.json](results/${day}-${name}.json)`;
  const page = new URL('../RESULTS.md', import.meta.url);
  const before = await readFile(page, 'utf8').catch(() => '');
  await writeFile(page, withPart(before, suite, [head, report, foot].join('\n\n')));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(2);
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(`No result: ${error.message}`);
    killAll();
    process.exitCode = 2;
  },
);
