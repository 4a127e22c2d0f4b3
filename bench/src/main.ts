import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { killAll } from './processes/child.js';
import { parseOptions, USAGE } from './options.js';
import { type RunConditions, renderReport } from './report/markdown.js';
import { judge } from './report/bars.js';
import { runBench } from './run.js';

/** `npm run bench`: measures, prints, and records where asked. Ends with 1 when a bar was missed, 2 when there is no result. */

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const pinned = canPin();
  const samples = await runBench(options, pinned, (line) => console.error(line));
  const conditions: RunConditions = {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    node: process.version,
    // Numbers only: what follows them names the machine's vendor.
    kernel: /^[\d.]+/.exec(release())?.[0] ?? 'unknown',
    cores: cpus().length,
    pinned,
    rounds: options.rounds,
    connections: options.connections,
  };
  const report = renderReport(conditions, samples);
  console.log(report);
  if (options.record !== undefined) await record(options.record, report, { conditions, ...samples });
  return judge(samples).every(({ held }) => held) ? 0 : 1;
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

async function record(name: string, report: string, raw: object): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const folder = new URL('../results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${day}-${name}.json`, folder), `${JSON.stringify(raw, null, 2)}\n`);
  const head = '# What a delivered message costs\n\nThe newest recorded run. What is measured, and how, says [README.md](README.md).';
  const foot = `Raw figures: [results/${day}-${name}.json](results/${day}-${name}.json)`;
  await writeFile(new URL('../RESULTS.md', import.meta.url), `${[head, report, foot].join('\n\n')}\n`);
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
