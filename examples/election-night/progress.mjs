/** The progress of the replay as one line: bar, count, rate, time left, and the recorded time. On a terminal it stays one line. */

const BAR_CELLS = 24;
const REDRAW_MS = 100;
/** Where the output is no terminal, a line so often. */
const LINE_MS = 5_000;
/** The rate is that of the last so many milliseconds. */
const RATE_WINDOW_MS = 3_000;

/**
 * @typedef {object} Progress
 * @property {number} done
 * @property {number} total
 * @property {number} perSecond
 * @property {number} leftMs
 * @property {string} recordedTime
 */

/** @param {Progress} progress */
export function progressLine({ done, total, perSecond, leftMs, recordedTime }) {
  const cells = Math.floor((done / total) * BAR_CELLS);
  const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells);
  const seconds = Math.ceil(leftMs / 1_000);
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  const counted = `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`.padStart(14);
  return (
    `${bar} ${counted}  ${Math.round(perSecond)}/s`.padEnd(BAR_CELLS + 22) +
    `  ${left} left  ${recordedTime.slice(0, 16).replace('T', ' ')} UTC`
  );
}

/** @typedef {{ update(progress: Omit<Progress, 'perSecond'>): void, say(line: string): void, end(): void }} Reporter */

/**
 * @param {{ isTTY?: boolean, columns?: number, write(text: string): unknown }} out
 * @returns {Reporter}
 */
export function reportTo(out) {
  /** @type {{ atMs: number, done: number }[]} */
  const samples = [];
  let drawnMs = -Infinity;
  let line = '';
  const clear = () => out.isTTY === true && line !== '' && out.write('\r\u001b[2K');

  return {
    update(progress) {
      const nowMs = performance.now();
      const ended = progress.done === progress.total;
      if (nowMs - drawnMs < (out.isTTY === true ? REDRAW_MS : LINE_MS) && !ended) return;
      drawnMs = nowMs;
      samples.push({ atMs: nowMs, done: progress.done });
      while (samples.length > 2 && nowMs - (samples[1]?.atMs ?? nowMs) > RATE_WINDOW_MS) samples.shift();
      const first = samples[0] ?? { atMs: nowMs, done: progress.done };
      const perSecond = nowMs > first.atMs ? ((progress.done - first.done) * 1_000) / (nowMs - first.atMs) : 0;
      clear();
      line = progressLine({ ...progress, perSecond });
      if (out.isTTY === true) line = line.slice(0, (out.columns ?? 80) - 1);
      out.write(out.isTTY === true ? line : `${line}\n`);
    },
    say(text) {
      clear();
      out.write(`${text}\n`);
      if (out.isTTY === true) out.write(line);
    },
    end() {
      if (out.isTTY === true && line !== '') out.write('\n');
      line = '';
    },
  };
}
