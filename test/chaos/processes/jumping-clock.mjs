/**
 * `node --import` of this gives a process a wall clock that jumps: at each SIGUSR2 an hour ahead, then an hour behind, then right again, and so on.
 * What counts time by a clock that only goes forward is not touched.
 */

const HOUR_MS = 3_600_000;
const JUMPS_MS = [0, HOUR_MS, -HOUR_MS];

let jumps = 0;
const RealDate = globalThis.Date;
const now = () => RealDate.now() + JUMPS_MS[jumps % JUMPS_MS.length];

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};

process.on('SIGUSR2', () => {
  jumps += 1;
  process.stderr.write(`the clock says ${new Date().toISOString()}\n`);
});
