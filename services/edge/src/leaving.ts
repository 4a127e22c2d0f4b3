/** How those who are sent away are spread: over the time that the leaving may take, and over when they come back. */

const STEP_MS = 50;

/** Does something for each, evenly over so many milliseconds; sooner done where some leave by themselves. */
export async function paced<T>(all: ReadonlySet<T>, ms: number, act: (one: T) => void): Promise<void> {
  const perStep = Math.ceil(all.size / Math.max(1, Math.floor(ms / STEP_MS)));
  let waiting = [...all];
  while (waiting.length > 0) {
    for (const one of waiting.splice(0, perStep)) act(one);
    if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    waiting = waiting.filter((one) => all.has(one));
  }
}

/** Longer than this nobody waits to come back: the leaving itself spreads those who go. */
const RETRY_AFTER_MS_MAX = 5_000;

/** Over this time those spread their return for whom no router had room. */
export const REFUSED_MS = 5_000;

/** Full jitter over as long as the leaving takes, within bounds: those who were sent away together do not come back together. */
export function retryAfterMs(ms: number): number {
  return Math.ceil(Math.random() * Math.min(Math.max(ms, 1_000), RETRY_AFTER_MS_MAX));
}
