import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** `node --import` of this lets a test have a process collect its garbage, by SIGUSR2: what it holds afterwards is in use. */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
