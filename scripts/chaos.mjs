/**
 * `npm run chaos -- --minutes 30`: faults of a cluster at random, for so long; ends with 0 where the judge of histories found nothing. A round is
 * repeated with `--seed`, which every run says.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } } });
const env = {
  ...process.env,
  RESTANTE_CHAOS_MINUTES: values.minutes,
  ...(values.seed === undefined ? {} : { RESTANTE_TEST_SEED: values.seed }),
};
const cwd = fileURLToPath(new URL('..', import.meta.url));
const child = spawn('npx', ['vitest', 'run', '--project', 'soak'], { cwd, env, stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
